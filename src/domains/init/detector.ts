import type { Folder } from './folder.ts'

export interface ProposedStep {
  name: string
  run: string
  /** default: the step above */
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
  /** either `run` or `static` */
  run?: string
  static?: string
  health?: string
  /** whether it listens on $PORT; set by `combine` */
  port?: boolean
  directory?: string
  comment?: string
}

/** What a detector proposes; unknown parts are empty. */
export interface Proposal {
  steps: ProposedStep[]
  services: ProposedService[]
  /** the only paths that the services need; default: everything */
  include?: string[]
  /** large paths that only the steps need */
  exclude?: string[]
  /** a command that checks a running release */
  verify?: string
  /** whether the team declared these services itself, so that they override guesses */
  explicit?: boolean
  /** sentences: what the proposal is based on, and what the reader has to check */
  found: string[]
}

/** Recognises one kind of repository. Pure; returns null for any other kind. */
export interface Detector {
  name: string
  /** `language`: provides steps beside other languages; `any`: used where no language does */
  kind: 'language' | 'any'
  /** the precedence among the detectors of its kind; lower numbers first */
  order: number
  /** paths and texts of files that it recognises, for tests */
  example: Record<string, string>
  detect(folder: Folder): Proposal | null
}

export const defineDetector = (detector: Detector): Detector => detector
