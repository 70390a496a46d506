import { createHash } from 'node:crypto'
import { choiceText } from '#contract/switch/text.ts'
import {
  switchBuckets,
  type SwitchChoice,
  type SwitchDefinition,
  type SwitchSetting,
  type SwitchValue,
} from '#contract/switch/switch.ts'

/** What a switch is, and how it is set; null while nobody has set it. */
export interface SwitchState {
  definition: SwitchDefinition
  setting: SwitchSetting | null
}

/** A value, and why; the reasons are those of OpenFeature (specification, types, 1.7). */
export interface Evaluation {
  value: SwitchValue
  variant: string | null
  reason: 'STATIC' | 'TARGETING_MATCH' | 'SPLIT' | 'DEFAULT'
}

/**
 * The hundredth of a percent, 0 to 9999, that a targeting key has in a switch: the first 32 bits of
 * SHA-256 of `NAME/KEY` in UTF-8, as a big-endian number, times 10,000, divided by 2³².
 */
export function bucketOf(name: string, key: string): number {
  const hash = createHash('sha256').update(`${name}/${key}`).digest().readUInt32BE(0)
  return Math.floor((hash * switchBuckets) / 2 ** 32)
}

/** What a switch serves to a targeting key; null when the caller has none. Pure. */
export function evaluate(
  name: string,
  { definition, setting }: SwitchState,
  key: string | null,
): Evaluation {
  if (setting === null) return defaultOf(definition, 'STATIC')
  const own = key !== null && Object.hasOwn(setting.keys, key) ? setting.keys[key] : undefined
  if (own !== undefined) return served(definition, own, 'TARGETING_MATCH')
  if (setting.split.length === 0) return served(definition, setting.serve, 'STATIC')
  if (key === null) return served(definition, setting.serve, 'DEFAULT')
  return served(definition, shareOf(setting, bucketOf(name, key)), 'SPLIT')
}

/**
 * Whether a targeting key gets the choice of the first share; null when its choice is no matter of
 * chance. Pure.
 */
export function isInFirstShare(
  name: string,
  { split, keys }: SwitchSetting,
  key: string,
): boolean | null {
  const [first] = split
  if (first === undefined || Object.hasOwn(keys, key)) return null
  return bucketOf(name, key) < Math.round((first.percent * switchBuckets) / 100)
}

/** The shares follow one another, so a share that grows keeps its keys. */
function shareOf({ serve, split }: SwitchSetting, bucket: number): SwitchChoice {
  let end = 0
  for (const share of split) {
    end += Math.round((share.percent * switchBuckets) / 100)
    if (bucket < end) return share.serve
  }
  return serve
}

function served(
  definition: SwitchDefinition,
  choice: SwitchChoice,
  reason: Evaluation['reason'],
): Evaluation {
  const found = resolve(definition, choice)
  return found === null ? defaultOf(definition, 'DEFAULT') : { ...found, reason }
}

function defaultOf(definition: SwitchDefinition, reason: Evaluation['reason']): Evaluation {
  const found = resolve(definition, definition.default)
  // The check of the file refuses such a definition.
  return { ...(found ?? { value: false, variant: null }), reason }
}

/** The value of a choice; null when the definition does not have it any more. */
export function resolve(
  { type, variants }: SwitchDefinition,
  choice: SwitchChoice,
): Pick<Evaluation, 'value' | 'variant'> | null {
  if ('value' in choice)
    return typeof choice.value === type && Object.keys(variants).length === 0
      ? { value: choice.value, variant: null }
      : null
  const value = Object.hasOwn(variants, choice.variant) ? variants[choice.variant] : undefined
  return value === undefined ? null : { value, variant: choice.variant }
}

/** Why a switch cannot have a setting, as the end of a sentence; null when it can. Pure. */
export function settingProblem(
  definition: SwitchDefinition,
  { serve, split, keys }: SwitchSetting,
): string | null {
  const choices = [serve, ...split.map((share) => share.serve), ...Object.values(keys)]
  const wrong = choices.find((choice) => resolve(definition, choice) === null)
  if (wrong === undefined) return null
  const names = Object.keys(definition.variants)
  const wanted =
    names.length > 0 ? `one of ${names.join(', ')}` : `a value of the type ${definition.type}`
  return `${choiceText(wrong)} must be ${wanted}`
}
