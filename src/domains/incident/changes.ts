import type { ChangeKind } from '#contract/incident/incident.ts'
import { durationWords } from '#contract/time-words.ts'

/** Something that changed, and perhaps caused an incident. */
export interface Candidate {
  kind: ChangeKind
  ref: string
  app: string | null
  environment: string | null
  service: string | null
  text: string
  /** milliseconds */
  time: number
}

export interface RankedChange extends Candidate {
  reason: string
  /** that it is the cause, from 0 to 1: its part of all weights */
  confidence: number
}

export interface Harmed {
  app: string | null
  environment: string | null
  service: string | null
  /** the deployment in whose release the harm was found; null when only the time is known */
  deployment: number | null
  /** the switch whose rollout did the harm; null when none is known to */
  rollout: string | null
  /** milliseconds */
  onset: { from: number; until: number }
}

/** How often such a change breaks what runs, compared with a delivery. */
const weights: Record<ChangeKind, number> = {
  ...{ delivery: 1, configuration: 1, switch: 1, restart: 1, external: 0.7, machine: 0.7 },
  ...{ certificate: 0.7, playbook: 0.7, scale: 0.7, rollback: 0.5, drift: 0.5, job: 0.3 },
  dependency: 1,
  // It breaks the environment on purpose.
  experiment: 20,
}
/** The kinds whose `ref` is the number of a deployment. */
const deployed = new Set<ChangeKind>(['delivery', 'configuration', 'rollback'])
/** Harm shows soon after its cause: the weight halves with each of these times. */
const halfMs = 10 * 60_000
/** The clocks of host and server differ, and a change takes effect while it is recorded. */
export const laterMs = 5000
/**
 * Much of the harm of a change shows within seconds, in which hardly anything else changes by
 * chance. The onset must be known well for that.
 */
const atOnce = { times: 10, widthMs: 30_000 } as const
const most = 10
/** The weight of a cause that is not in the list: that of a delivery 43 minutes before. */
const unknownWeight = 0.05

/** The kinds of what fires whose release is known. */
const ofRelease = new Set(['error', 'regression', 'stays'])

export const isReleaseKnown = (kinds: readonly string[]): boolean =>
  kinds.some((kind) => ofRelease.has(kind))

/**
 * What changed before harm, the most likely cause first: the deployment in whose release the harm
 * was found, then what is nearest in time, in the same environment and service, and of a kind that
 * often breaks what runs. What changed after the harm began is left out.
 */
export function rankChanges(harmed: Harmed, candidates: Candidate[]): RankedChange[] {
  const weighed = candidates
    .filter(({ time }) => time <= harmed.onset.until + laterMs)
    .filter((one) => !isLaterStep(harmed, one))
    .map((candidate) => ({ candidate, ...weigh(harmed, candidate) }))
    .toSorted((a, b) => b.weight - a.weight || b.candidate.time - a.candidate.time)
  const all = weighed.reduce((sum, { weight }) => sum + weight, unknownWeight)
  return weighed
    .slice(0, most)
    .map(({ candidate, reason, weight }) => ({ ...candidate, reason, confidence: weight / all }))
}

/** A rollout is one change: its later steps are no others. */
const isLaterStep = (harmed: Harmed, one: Candidate): boolean =>
  isRolledOut(harmed, one) && one.time > harmed.onset.from + laterMs

const isRolledOut = (
  { app, environment, rollout }: Harmed,
  one: Pick<Candidate, 'kind' | 'app' | 'environment' | 'ref'>,
): boolean =>
  one.kind === 'switch' && one.ref === rollout && one.app === app && one.environment === environment

function weigh(harmed: Harmed, one: Candidate): { weight: number; reason: string } {
  const { app, environment, service, deployment, onset } = harmed
  const before = Math.max(0, onset.from - one.time)
  const isReleased =
    deployed.has(one.kind) && one.app === app && one.ref === String(deployment ?? '')
  const isFound = isReleased || (isRolledOut(harmed, one) && before < laterMs)
  const isHere = one.environment === environment && one.app === app
  const isService = service !== null && one.service === service
  const place = isHere ? 1 : one.app === app || one.app === null ? 0.5 : 0.1
  const fit = isService ? 2 : one.service !== null && service !== null && isHere ? 0.5 : 1
  const isAtOnce = before < laterMs && onset.until - onset.from <= atOnce.widthMs
  const where = isService
    ? `in ${service}, which fails`
    : isHere
      ? `in ${environment ?? 'the same environment'}`
      : one.app === null
        ? 'outside of the apps'
        : one.app === app
          ? `in ${one.environment ?? 'the app'}`
          : 'in another app on this machine'
  const when = before < laterMs ? 'when the harm began' : `${durationWords(before, true)} before it`
  return {
    weight:
      weights[one.kind] *
      place *
      fit *
      2 ** (-before / halfMs) *
      (isAtOnce ? atOnce.times : 1) *
      (isFound ? 100 : 1),
    reason: isReleased
      ? `the harm is in its release, which went live ${when}`
      : isFound
        ? 'the keys with its new value fail more often'
        : `${where}, ${when}`,
  }
}
