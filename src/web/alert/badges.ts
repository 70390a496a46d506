import type { Alert } from '#contract/alert/alert.ts'
import type { Badge } from '../ui/state.ts'

export const alertBadges: Record<Alert['state'], Badge> = {
  open: { tone: 'bad', word: 'Open' },
  acknowledged: { tone: 'move', word: 'Acknowledged' },
  resolved: { tone: 'good', word: 'Resolved' },
}

/** The state as it is shown: an open alert that is silenced is not sent. */
export const badgeOf = ({ state, silencedUntil }: Alert): Badge =>
  state === 'open' && silencedUntil !== null
    ? { tone: 'stopped', word: 'Silenced' }
    : alertBadges[state]
