import type { CanaryFile } from '#contract/pipeline-file/canary-file.ts'

/** The traffic of an environment, and its keys of `canary`. */
export interface PlanQuestion {
  /** Requests, or sessions, per second of the whole environment. */
  perSecond: number
  /** Errors per request, or failed sessions per session, of a healthy release. */
  errorRate: number
  canary: CanaryFile
}

/** How a canary would go. Times are in seconds; null when they exceed `most`. */
export interface PlanAnswer {
  /** The shares with which it would really run, and how long each of them is in force. */
  steps: { share: number; seconds: number }[]
  /** Until a canary as good as the current release is proven healthy. */
  healthy: number | null
  /**
   * Until errors that are `ratio` times as frequent are found with a probability of 0.8; empty
   * without errors, where a ratio has no meaning.
   */
  harmful: { ratio: number; seconds: number | null }[]
  /** Until a canary that fails every request is rolled back. */
  outage: number | null
  /** All of it in one sentence. */
  sentence: string
}
