import type { PipelineFile } from '#contract/pipeline-file/pipeline-file.ts'

export const limits = { steps: 200, services: 50, environments: 20 }
/** Characters of a name; the step of a verification is called `verify-` and its environment. */
export const longestName = 40

/** The parts of a file that the schema accepts, and the names of all steps, valid or not. */
export interface Readable extends Pick<PipelineFile, 'steps' | 'services' | 'environments'> {
  stepNames: string[]
  paths?: string[]
  artifact?: PipelineFile['artifact']
  monitors?: PipelineFile['monitors']
  slo?: PipelineFile['slo']
  jobs?: PipelineFile['jobs']
  switches?: PipelineFile['switches']
  experiments?: PipelineFile['experiments']
  /** valid or not */
  experimentNames?: string[]
  /** valid or not */
  switchNames?: string[]
}
