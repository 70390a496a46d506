import type { PipelineFile } from '#contract/pipeline-file/pipeline-file.ts'
import { type Home, runFolders } from '#platform/home.ts'
import type { HeadOf } from '#flows/pull-request/run.ts'

/** Input of the workflows `delivery` and `pull_request`. */
export interface DeliveryInput {
  run: number
  app: string
  sha: string
  /** author of the change, or the user who requested the run */
  actor: string
  /**
   * set when the run tests the head of a pull request; it then reaches no environment of the line
   */
  pullRequest?: HeadOf
}

/** A built change on its way through the environments. */
export interface BuiltChange extends DeliveryInput {
  artifact: string
  definition: PipelineFile
  /** folder of the app, relative to the workspace */
  folder: string
}

/** How a run ended; `reason` is one sentence. */
export interface RunEnd {
  state: 'succeeded' | 'failed' | 'cancelled' | 'superseded' | 'skipped'
  reason: string | null
}

/** The checkout in which the steps of a run work. */
export const workspaceOf = ({ home }: { home: Home }, run: number): string =>
  runFolders(home, run).workspace
