import type { SwitchChoice, SwitchDefinition, SwitchSetting } from './switch.ts'

/** For whom a choice is made: a share of the targeting keys, single keys, or everybody. */
export interface SwitchAudience {
  percent?: number | undefined
  keys?: readonly string[] | undefined
}

/**
 * The setting after a choice. A choice for everybody ends all shares and choices of single keys; a
 * share replaces the shares. Pure.
 */
export function settingAfter(
  definition: SwitchDefinition,
  setting: SwitchSetting | null,
  choice: SwitchChoice,
  { percent, keys = [] }: SwitchAudience = {},
): SwitchSetting {
  const before = setting ?? { serve: definition.default, split: [], keys: {} }
  if (keys.length > 0)
    return {
      ...before,
      keys: { ...before.keys, ...Object.fromEntries(keys.map((key) => [key, choice])) },
    }
  if (percent !== undefined) return { ...before, split: [{ percent, serve: choice }] }
  return { serve: choice, split: [], keys: {} }
}

/** The choice that a text means; null when the switch has no such value. Pure. */
export function choiceOf({ type, variants }: SwitchDefinition, text: string): SwitchChoice | null {
  if (Object.keys(variants).length > 0)
    return Object.hasOwn(variants, text) ? { variant: text } : null
  if (type === 'string') return { value: text }
  try {
    const value: unknown = JSON.parse(text)
    if (type === 'number' && typeof value === 'number') return { value }
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    return type === 'object' && isObject ? { value: value as Record<string, unknown> } : null
  } catch {
    return null
  }
}
