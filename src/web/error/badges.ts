import type { DroppedEvents, ErrorGroup, ErrorState } from '#contract/error/error.ts'
import { formatCount } from '../ui/number.ts'
import type { Badge } from '../ui/state.ts'

export const errorBadges: Record<ErrorState, Badge> = {
  open: { tone: 'bad', word: 'Open' },
  resolved: { tone: 'good', word: 'Resolved' },
  ignored: { tone: 'stopped', word: 'Ignored' },
}

/** The state as it is shown: an open error may be new in the live release, or have come back. */
export function badgeOf({ state, regressed, newIn }: ErrorGroup): Badge {
  if (state !== 'open') return errorBadges[state]
  if (regressed !== null) return { tone: 'back', word: 'Came back' }
  return newIn.length > 0 ? { tone: 'bad', word: 'New' } : { tone: 'warn', word: 'Open' }
}

/** What was not recorded, in one sentence. */
export function droppedSentence({ app, reason, count }: DroppedEvents): string {
  const n = formatCount(count)
  const what = {
    output: `${n} KB of the output of ${app} were not searched, because it was too much at once`,
    rate: `${n} events of SDKs of ${app} were refused, because they were too many at once`,
    size: `${n} events of SDKs of ${app} were refused, because they were too large`,
  }
  return `In the last 24 hours, ${what[reason]}.`
}
