import type { JobRun, JobRunState } from '#contract/job/job.ts'
import { asSentence, type Badge } from '../ui/state.ts'

export const jobRunBadges: Record<JobRunState, Badge> = {
  waiting: { tone: 'wait', word: 'Waiting' },
  running: { tone: 'move', word: 'Running' },
  passed: { tone: 'good', word: 'Passed' },
  failed: { tone: 'bad', word: 'Failed' },
  timed_out: { tone: 'bad', word: 'Ran too long' },
  stopped: { tone: 'stopped', word: 'Stopped' },
  skipped: { tone: 'passed-over', word: 'Skipped' },
  lost: { tone: 'unknown', word: 'Lost' },
}

export const neverRan: Badge = { tone: 'none', word: 'Never ran' }

/** The state of a run; one that a person stops is still running. */
export const badgeOf = ({ state, stopping }: Pick<JobRun, 'state' | 'stopping'>): Badge =>
  state === 'running' && stopping ? { tone: 'move', word: 'Stopping' } : jobRunBadges[state]

/** Why a run ended so, as a sentence; null when its state says enough. */
export const reasonOf = ({ state, reason }: Pick<JobRun, 'state' | 'reason'>): string | null =>
  reason === null || state === 'passed' ? null : asSentence(reason)
