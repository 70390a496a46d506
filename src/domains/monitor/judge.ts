import type { CheckResult } from '#contract/monitor/check.ts'
import type { MonitorHost, MonitorState } from '#contract/monitor/monitor.ts'
import type { MonitorSettings } from './plan.ts'

/** A monitor that is checked, and what was last said of it. */
export interface CheckedMonitor {
  id: number
  app: string
  environment: string
  service: string | null
  kind: string
  name: string
  state: MonitorState
  reason: string
  /** harm was found, and its end was not */
  firing: boolean
  /** what breaks its rule, as stored */
  entities: string[]
  /** what each host of `from` says, as stored */
  hosts: MonitorHost[]
  settings: MonitorSettings
}

/** A monitor that another one needs, with its last result. */
export interface Needed {
  monitor: CheckedMonitor
  result: CheckResult | null
}

export interface CheckVerdict {
  state: MonitorState
  reason: string
  /** when the harm began, in milliseconds */
  onset: { from: number; until: number } | null
  entities: string[]
}

/**
 * What the last checks say of a monitor; null while nothing changes or a change is not certain.
 * `maintenance` is why nothing is judged now. Times are in milliseconds.
 */
export function judgeChecks(
  monitor: CheckedMonitor,
  result: CheckResult | null,
  needed: Needed[],
  { maintenance, now }: { maintenance: string | null; now: number },
): CheckVerdict | null {
  const say = (state: MonitorState, reason: string): CheckVerdict => ({
    ...{ state, reason, onset: null, entities: [] },
  })
  if (maintenance !== null) return say('maintenance', maintenance)
  if (result === null) return null
  if (result.state === 'unknown') return say('unknown', result.reason)
  const { firing, settings } = monitor
  if (result.state === 'up')
    return firing && result.streak < settings.recoveries ? null : say('up', '')
  if (!firing) {
    if (result.streak < settings.failures) return null
    const cause = needed.find(({ monitor: one }) => isCause(one.state))
    if (cause) {
      const { name, state } = cause.monitor
      return say('unknown', `it needs ${name}, which is ${stateWords[state]}`)
    }
    if (needed.some((one) => isUncertain(one, result.since, now))) return null
  }
  return {
    ...{ state: result.state, reason: result.reason, entities: result.entities },
    onset: { from: result.before ?? result.since, until: result.since },
  }
}

const isCause = (state: MonitorState): boolean =>
  state === 'down' || state === 'unknown' || state === 'maintenance'

const stateWords: Record<MonitorState, string> = {
  ...{ up: 'up', degraded: 'degraded', down: 'down', unknown: 'unknown' },
  maintenance: 'in maintenance',
}

/** A needed monitor whose check since the failure is not there, or not confirmed. */
function isUncertain({ monitor, result }: Needed, since: number, now: number): boolean {
  const { every, timeout, failures } = monitor.settings
  // One that is never checked must not hide the harm for ever.
  if (now - since > 2 * every + failures * (timeout + 1000)) return false
  if (result === null || result.at < since) return true
  // Its own harm is stored with the next judgement.
  return result.state !== 'up' && result.state !== monitor.state
}
