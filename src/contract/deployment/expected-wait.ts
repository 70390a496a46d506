import { durationWords } from '#contract/time-words.ts'
import type { ExpectedPause } from './before.ts'

/** How long clients wait, as the end of a sentence. A rehearsal does not stop what runs. */
export const expectedWait = ({
  pauseMs,
  deployment,
}: Pick<ExpectedPause, 'pauseMs' | 'deployment'>): string =>
  deployment === null
    ? `until it has stopped and for about ${durationWords(pauseMs)}, as in its last rehearsal`
    : `for about ${durationWords(pauseMs)}, as in deployment ${deployment}`
