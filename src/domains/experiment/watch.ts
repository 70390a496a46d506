import type { Detection, ExperimentPlan, ExperimentState } from '#contract/experiment/experiment.ts'

/** What is true of an experiment while its fault exists. Times are in milliseconds. */
export interface WatchFacts {
  plan: ExperimentPlan
  /** since the fault exists */
  elapsed: number
  /** who asked to end it; null for nobody */
  abortedBy: string | null
  /** what fires in the environment, besides the expected alert */
  harm: string[]
  /** the alert of the expected monitor; null while there is none */
  detection: Detection | null
  /** numbers of the deployments that wait, are in progress, or have replaced the release */
  deployments: number[]
  /** the state of the fault on its host; null while the host does not answer */
  fault: { state: 'armed' | 'undoing' | 'undone' | 'missing'; reason: string | null } | null
}

/** Something that fires in the environment of an experiment. */
export interface FiringSource {
  name: string
  kind: string
  service: string | null
  reason: string
}

/** What Fairlead judges of each service without a key of the file, and objectives. */
const judged = new Set(['errors', 'latency', 'traffic', 'routes', 'slow-routes', 'reachable'])
const consequences = new Set([...judged, 'slo', 'restarts', 'error'])

/**
 * What fires beyond what the experiment expects and allows, in sentences. If it expects an alert,
 * it expects that the service is harmed, so what Fairlead judges of the service by itself may fail,
 * too. Pure.
 */
export function harmOf(
  firing: readonly FiringSource[],
  { expect, allow, service }: Pick<ExperimentPlan, 'expect' | 'allow' | 'service'>,
): string[] {
  const isMeant = (one: FiringSource, name: string): boolean =>
    one.name === name || one.kind === name
  return firing
    .filter((one) => !allow.some((name) => isMeant(one, name)))
    .filter((one) => {
      if (expect === null) return true
      const isOwn = one.service === null || one.service === service
      return !isMeant(one, expect.alert) && !(isOwn && consequences.has(one.kind))
    })
    .map(({ name, reason }) => `${name} failed${reason === '' ? '' : `: ${reason}`}`)
}

/** How an experiment ends, unless its steady state does not return. */
export interface WatchEnd {
  state: ExperimentState
  /** one sentence without a full stop */
  reason: string
}

/** Why the guardian ends a fault whose time is over. */
const timeIsOver = 'its time was over'

/** Whether the fault of an experiment must be undone now, and why; null while it goes on. Pure. */
export function decideWatch(facts: WatchFacts): WatchEnd | null {
  const { abortedBy, harm, deployments, plan, elapsed, fault } = facts
  if (abortedBy !== null) return { state: 'aborted', reason: `${abortedBy} aborted it` }
  const [first] = harm
  if (first !== undefined) return { state: 'aborted', reason: first }
  const [deployment] = deployments
  if (deployment !== undefined)
    return { state: 'aborted', reason: `deployment ${deployment} needs the environment` }
  const missed = missedAlert(facts)
  if (missed !== null) return missed
  if (elapsed >= plan.for * 1000) return endOfTime(facts)
  if (fault === null || fault.state === 'armed') return null
  // Its guardian undid it before: no server was there, or a person was on the machine.
  if (fault.reason === timeIsOver) return endOfTime(facts)
  const why = fault.reason ?? 'the reason is not known'
  return { state: 'unknown', reason: `the fault was undone before its time: ${why}` }
}

function missedAlert({ plan: { expect }, elapsed, detection }: WatchFacts): WatchEnd | null {
  if (expect === null) return null
  if (detection !== null && detection.afterMs > expect.within * 1000)
    return {
      state: 'failed',
      reason:
        `the alert of ${expect.alert} opened after ${seconds(detection.afterMs)} s ` +
        `instead of ${expect.within} s`,
    }
  if (detection !== null || elapsed <= expect.within * 1000) return null
  return {
    state: 'failed',
    reason: `the alert of ${expect.alert} did not open within ${expect.within} s`,
  }
}

function endOfTime({ plan: { expect, service, for: lasted }, detection }: WatchFacts): WatchEnd {
  if (expect === null)
    return { state: 'passed', reason: `${service} tolerated the fault for ${lasted} s` }
  if (detection === null)
    return { state: 'failed', reason: `the alert of ${expect.alert} did not open` }
  const { afterMs, notified } = detection
  const who = notified.length === 0 ? 'nobody got a message' : `${notified.join(', ')} got it`
  return {
    state: 'passed',
    reason: `the alert of ${expect.alert} opened after ${seconds(afterMs)} s; ${who}`,
  }
}

const seconds = (ms: number): string => String(Math.round(ms / 100) / 10)

/**
 * The result when the environment does not return to its steady state after the fault. An end that
 * says less keeps its words. Pure.
 */
export function endWithoutRecovery(end: WatchEnd, problems: readonly string[]): WatchEnd {
  const left = `the steady state did not return: ${problems.join('; ')}`
  return {
    state: end.state === 'passed' ? 'failed' : end.state,
    reason: end.state === 'passed' ? left : `${end.reason}; ${left}`,
  }
}
