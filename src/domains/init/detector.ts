import type { Folder } from './folder.ts'

export interface ProposedStep {
  name: string
  run: string
  /** default: the step before it */
  needs?: string[]
  tools?: string[]
  env?: Record<string, string>
  reports?: string[]
  optional?: boolean
  directory?: string
  comment?: string
}

export interface ProposedService {
  name: string
  /** one of the two */
  run?: string
  static?: string
  health?: string
  directory?: string
  comment?: string
}

/** What one look at a repository says; parts that it cannot tell are empty. */
export interface Proposal {
  steps: ProposedStep[]
  services: ProposedService[]
  /** paths that only the steps need, when they are large */
  exclude?: string[]
  /** a command that checks a running release */
  verify?: string
  /**
   * the team wrote these services down for exactly this purpose: they count more than what others
   * guess
   */
  explicit?: boolean
  /** one sentence each: what led to this, and what the reader has to see to */
  found: string[]
}

/** Recognises one kind of repository. Pure over the folder; null when it is not of that kind. */
export interface Detector {
  name: string
  detect(folder: Folder): Proposal | null
}
