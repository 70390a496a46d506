import type { ActionState, ReviewAudience } from '#contract/review/review.ts'
import type { Badge } from '../ui/state.ts'

export const audienceBadges: Record<ReviewAudience, Badge> = {
  draft: { tone: 'wait', word: 'Draft' },
  inside: { tone: 'good', word: 'Inside' },
  outside: { tone: 'good', word: 'Outside' },
}

export const actionBadges: Record<ActionState, Badge> = {
  open: { tone: 'wait', word: 'Open' },
  proven: { tone: 'good', word: 'Proven' },
  unknown: { tone: 'unknown', word: 'Unknown' },
}
