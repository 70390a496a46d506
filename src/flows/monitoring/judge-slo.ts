import type { MonitorState } from '#contract/monitor/monitor.ts'
import type { Slo } from '#contract/slo/slo.ts'
import { budgetLeft, burnOf } from '#domains/detection/burn.ts'
import type { SloSettings } from '#domains/slo/plan.ts'
import type { CountsOver } from '#domains/slo/store.ts'

export interface SloVerdict {
  state: MonitorState
  reason: string
  /** milliseconds; when the harm began at the latest */
  onset: { from: number; until: number } | null
  entities: string[]
}

const hour = 3600

/** What the counts say of an objective. Without requests in the window, nothing is known. Pure. */
export function judgeSlo(
  { objective, window }: SloSettings,
  over: CountsOver,
  now: number,
): SloVerdict {
  const all = over(window / 1000)
  if (all.requests === 0) {
    const reason = `there were no requests in ${daysWords(window)}`
    return { state: 'unknown', reason, onset: null, entities: [] }
  }
  const burn = burnOf(objective, (seconds) => detected(over(seconds)))
  if (!burn) return { state: 'up', reason: '', onset: null, entities: [] }
  const left = leftOf(objective, all) ?? 0
  const { factor, rule } = burn
  return {
    state: rule.urgency === 'page' ? 'down' : 'degraded',
    reason:
      `the error budget is used ${short(factor)} times faster than allowed for ` +
      `${hoursWords(rule.long)}; ${leftWords(left)}`,
    onset: { from: now - rule.short * 1000, until: now },
    entities: [],
  }
}

/** The figures of an objective. Pure. */
export function figuresOf(
  { objective, window }: SloSettings,
  over: CountsOver,
): Pick<Slo, 'requests' | 'bad' | 'budgetLeft' | 'burn'> {
  const all = over(window / 1000)
  const burn = (seconds: number): number | null => {
    const { requests, bad } = over(seconds)
    return requests === 0 ? null : bad / requests / (1 - objective)
  }
  return {
    ...{ requests: all.requests, bad: all.bad, budgetLeft: leftOf(objective, all) },
    burn: {
      ...{ hour: burn(hour), sixHours: burn(6 * hour) },
      ...{ day: burn(24 * hour), threeDays: burn(72 * hour) },
    },
  }
}

const detected = ({ requests, bad }: ReturnType<CountsOver>) => ({ trials: requests, events: bad })

const leftOf = (objective: number, all: ReturnType<CountsOver>): number | null =>
  budgetLeft(objective, detected(all))

const short = (value: number): string => String(Number(value.toPrecision(2)))
const hoursWords = (seconds: number): string =>
  seconds === hour ? 'an hour' : `${seconds / hour} hours`
const daysWords = (ms: number): string => `${short(ms / 86_400_000)} days`
const leftWords = (left: number): string =>
  left > 0 ? `${short(left * 100)} % of it is left` : 'nothing of it is left'
