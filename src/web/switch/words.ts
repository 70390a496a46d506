import { choiceText, settingText } from '#contract/switch/text.ts'
import type { SwitchView } from '#contract/switch/switch.ts'
import type { Badge } from '../ui/state.ts'

/** What a switch serves, in words. */
export const servedText = ({ definition, setting }: SwitchView): string =>
  setting === null && definition !== null ? choiceText(definition.default) : settingText(setting)

/** The state of a switch; one that a monitor turned off is a warning. */
export function switchBadge(found: SwitchView): Badge {
  const { definition, setting, variant, pulledBy } = found
  if (definition === null) return { tone: 'none', word: 'Not live' }
  if (pulledBy !== null) return { tone: 'warn', word: 'Off' }
  if (setting !== null && (setting.split.length > 0 || Object.keys(setting.keys).length > 0))
    return { tone: 'move', word: 'Partial' }
  if (definition.type !== 'boolean') return { tone: 'fact', word: setting ? 'Set' : 'Default' }
  return variant === 'on' ? { tone: 'good', word: 'On' } : { tone: 'stopped', word: 'Off' }
}

/** Who set a switch last and why; null when nobody has set it. */
export function lastChange({ actor, pulledBy, reason }: SwitchView): string | null {
  const why = reason === '' ? '' : `: ${reason}`
  if (pulledBy !== null) return `turned off by the monitor ${pulledBy}${why}`
  return actor === null ? null : `set by ${actor}${why}`
}
