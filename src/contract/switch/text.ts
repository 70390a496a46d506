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
