import type { StepFile } from '#contract/pipeline-file/step-file.ts'
import type { Slots } from './slots.ts'

/** A command to run as a step of a run. Its row is in the database already. */
export interface StepRequest {
  run: number
  app: string
  sha: string
  name: string
  file: StepFile
  /** number of the pull request whose head is tested; such a step stores nothing for other runs */
  pullRequest: number | null
  /** false for code from outside the repository */
  isTrusted: boolean
  /** root of the checkout */
  workspace: string
  /** folder in which the command runs */
  directory: string
  /** variables besides those of `file`: secrets, parameters, the address of a release */
  env: Record<string, string>
  masks: string[]
  /** limits the steps that run at the same time; left out for a step that must not wait */
  slots?: Slots
  /** lines that Fairlead writes at the start of the log */
  notes?: string[]
}

/** A request whose warnings are shown on the page of the run. */
export interface WarnedRequest extends StepRequest {
  warn(text: string): void
}

/** Whether a step or an attempt passed, and why in one sentence. */
export interface StepResult {
  passed: boolean
  reason: string | null
}
