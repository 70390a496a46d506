import type { ExperimentRun, ExperimentState } from '#contract/experiment/experiment.ts'
import { hasEndedExperiment } from '#contract/experiment/experiment.ts'
import type { Badge } from '../ui/state.ts'

export const experimentBadges: Record<ExperimentState, Badge> = {
  checking: { tone: 'wait', word: 'Checking' },
  running: { tone: 'move', word: 'Running' },
  undoing: { tone: 'move', word: 'Undoing' },
  recovering: { tone: 'move', word: 'Recovering' },
  passed: { tone: 'good', word: 'Passed' },
  failed: { tone: 'bad', word: 'Failed' },
  aborted: { tone: 'stopped', word: 'Aborted' },
  refused: { tone: 'passed-over', word: 'Refused' },
  unknown: { tone: 'unknown', word: 'Unknown' },
}

export const neverRan: Badge = { tone: 'none', word: 'Never ran' }

/** The state of a run; one that a person aborts is still running. */
export const badgeOf = ({ state, abortedBy }: Pick<ExperimentRun, 'state' | 'abortedBy'>): Badge =>
  abortedBy !== null && !hasEndedExperiment(state)
    ? { tone: 'move', word: 'Aborting' }
    : experimentBadges[state]
