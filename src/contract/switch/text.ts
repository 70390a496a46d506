import { counted } from '../text.ts'
import type { RolloutState, RolloutTally, SwitchRollout } from './rollout.ts'
import type { SwitchChoice, SwitchSetting } from './switch.ts'

/** A choice in words: the name of the variant, or the value. */
export const choiceText = (choice: SwitchChoice): string =>
  'variant' in choice
    ? choice.variant
    : typeof choice.value === 'string'
      ? choice.value
      : JSON.stringify(choice.value)

/** A setting in words, such as `new for 10 %, else old`. */
export function settingText(setting: SwitchSetting | null): string {
  if (setting === null) return 'its default'
  const { serve, split, keys } = setting
  const shares = split.map((one) => `${choiceText(one.serve)} for ${one.percent} %`)
  const rest = shares.length === 0 ? choiceText(serve) : `else ${choiceText(serve)}`
  const count = Object.keys(keys).length
  const own = count === 0 ? [] : [`${count} ${count === 1 ? 'key has' : 'keys have'} another value`]
  return [...shares, rest, ...own].join(', ')
}

const rolloutWords: Record<RolloutState, string> = {
  ...{ running: 'goes on', waiting: 'waits', finished: 'is finished' },
  ...{ harmful: 'was rolled back', ended: 'was ended' },
}

/** The state of a gradual change, such as `the rollout of new waits at 10 %: …`. */
export function rolloutText({ state, to, steps, step, reason, tallies }: SwitchRollout): string {
  const isGoingOn = state === 'running' || state === 'waiting'
  const at = isGoingOn ? ` at ${steps[step] ?? 0} %` : ''
  const why = state === 'running' ? tallyText(tallies, to) : reason
  return `the rollout of ${to} ${rolloutWords[state]}${at}${why === '' ? '' : `: ${why}`}`
}

export const sumOf = (all: readonly RolloutTally['on'][]): RolloutTally['on'] => ({
  keys: all.reduce((sum, { keys }) => sum + keys, 0),
  failed: all.reduce((sum, { failed }) => sum + failed, 0),
})

/** What was counted, in words. Pure. */
export function tallyText(tallies: readonly RolloutTally[], to: string): string {
  const [on, off] = [sumOf(tallies.map((one) => one.on)), sumOf(tallies.map((one) => one.off))]
  return (
    `${on.failed} of ${counted(on.keys, 'key')} with ${to} had failed requests, and ` +
    `${off.failed} of ${off.keys} without it`
  )
}
