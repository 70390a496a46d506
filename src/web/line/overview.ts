import type { Line } from '#contract/environment/environment.ts'
import type { Tone } from '../ui/state.ts'
import { trackOf } from './track.ts'

export type Group = 'attention' | 'moving' | 'steady'

export interface Placed {
  line: Line
  group: Group
}

const needsAttention: Tone[] = ['bad', 'back', 'unknown', 'warn']

/** The group of a line on the home page. */
export function groupOf(line: Line): Group {
  const { summary } = trackOf(line)
  if (needsAttention.includes(summary.tone)) return 'attention'
  return summary.tone === 'move' ? 'moving' : 'steady'
}

/**
 * Lines that need attention come first. Within a group the order is by name, so that lines keep
 * their place while changes pass.
 */
export function placeLines(lines: Line[]): Placed[] {
  return lines
    .map((line) => ({ line, group: groupOf(line) }))
    .sort(
      (a, b) =>
        Number(b.group === 'attention') - Number(a.group === 'attention') ||
        (a.line.app.name < b.line.app.name ? -1 : 1),
    )
}

/** The state of everything in one sentence. */
export function headline(placed: Placed[]): { tone: Tone; text: string } {
  const count = (group: Group): number => placed.filter((one) => one.group === group).length
  const attention = count('attention')
  const moving = count('moving')
  const isBad = placed.some(({ line }) => trackOf(line).summary.tone === 'bad')
  if (attention > 0)
    return {
      tone: isBad ? 'bad' : 'warn',
      text:
        attention === 1 ? `${nameOf(placed)} needs attention` : `${attention} apps need attention`,
    }
  if (moving > 0)
    return {
      tone: 'move',
      text: moving === 1 ? 'A change is in progress' : `Changes of ${moving} apps are in progress`,
    }
  return { tone: 'good', text: 'All is well' }
}

const nameOf = (placed: Placed[]): string =>
  placed.find((one) => one.group === 'attention')?.line.app.name ?? ''
