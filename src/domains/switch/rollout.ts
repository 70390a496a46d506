import { counted } from '#contract/text.ts'
import type { RolloutTally } from '#contract/switch/rollout.ts'
import { sumOf, tallyText } from '#contract/switch/text.ts'

/** Keys with the new value that a share needs before it grows. */
export const leastKeys = 30
/** Failing keys with the new value below which nothing counts as harm. */
const leastFailing = 4

/** The facts that decide what happens to a gradual change. Times are in milliseconds. */
export interface RolloutSituation {
  /** shares of the targeting keys in percent */
  steps: readonly number[]
  /** the index of the share in force */
  step: number
  /** how long it has been in force, and how long it must be */
  elapsed: number
  every: number
  tallies: readonly RolloutTally[]
  /** the evidence that the new value makes keys fail, as an e-value, and the level of the test */
  evidence: number
  alpha: number
  /** the new value in words */
  to: string
}

export type RolloutDecision = { do: 'go on' } | { do: 'wait'; reason: string } | RolloutChange

/** A decision that changes the switch. */
export type RolloutChange =
  | { do: 'take back'; reason: string }
  | { do: 'finish'; reason: string }
  | { do: 'step'; step: number; reason: string }

/** Decides what happens to a gradual change. Harm takes precedence. Pure. */
export function decideRollout(situation: RolloutSituation): RolloutDecision {
  const { steps, step, elapsed, every, tallies, evidence, alpha, to } = situation
  const all = tallies.reduce((sum, { on }) => sum + on.failed, 0)
  const said = tallyText(tallies, to)
  if (evidence >= 1 / alpha && all >= leastFailing) return { do: 'take back', reason: said }
  if (elapsed < every) return { do: 'go on' }
  const { keys, failed } = sumAt(tallies, steps[step] ?? 0)
  if (keys < leastKeys) {
    const seen = `only ${counted(keys, 'key')} with ${to} ${keys === 1 ? 'was' : 'were'} seen`
    const at = `at ${steps[step] ?? 0} %; ${leastKeys} are needed`
    return { do: 'wait', reason: `${seen} ${at}` }
  }
  if (failed > keys / 2) return { do: 'wait', reason: `most keys fail: ${said}` }
  return step + 1 < steps.length
    ? { do: 'step', step: step + 1, reason: said }
    : { do: 'finish', reason: said }
}

const sumAt = (tallies: readonly RolloutTally[], percent: number): RolloutTally['on'] =>
  sumOf(tallies.filter((one) => one.percent === percent).map(({ on }) => on))

/** The counts of several hosts, and of several times of one share, as one per share. Pure. */
export function addTallies(all: readonly RolloutTally[]): RolloutTally[] {
  const shares = [...new Set(all.map(({ percent }) => percent))].toSorted((a, b) => a - b)
  return shares.map((percent) => {
    const own = all.filter((one) => one.percent === percent)
    return { percent, on: sumOf(own.map(({ on }) => on)), off: sumOf(own.map(({ off }) => off)) }
  })
}
