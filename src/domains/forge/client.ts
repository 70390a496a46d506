import type { ForgePullRequest } from '#contract/pull-request/pull-request.ts'

/** The result of a commit, under a name that the forge shows. */
export interface CommitStatus {
  sha: string
  name: string
  state: 'pending' | 'success' | 'failure' | 'error'
  description: string
  /** page with the details */
  url: string
}

/** A comment on lines of a commit; lines count from 1. */
export interface Annotation {
  file: string
  line: number
  end: number
  level: 'failure' | 'warning' | 'notice'
  title: string
  message: string
}

/** A status with a summary and annotations. */
export interface Check extends CommitStatus {
  /** permanent ID, which the forge stores */
  key: string
  /** Markdown */
  summary: string
  annotations: Annotation[]
}

/** A deployment in the terms that forges share. */
export interface ForgeDeployment {
  /** permanent ID, which the forge stores */
  key: string
  sha: string
  branch: string
  environment: string
  isProduction: boolean
  /** the environment is deleted with its pull request */
  isTransient: boolean
  /** URL of the environment, when others can open it */
  address: string | null
  state: 'pending' | 'running' | 'success' | 'failure' | 'inactive'
  description: string
  url: string
}

/** How to reach one repository at a forge. */
export interface ForgeConnection {
  /** of the API, without a slash at the end */
  url: string
  /** OWNER/NAME; at GitLab the owner may have several parts */
  repository: string
  /** of a GitHub App; null when the token is a user's or a bot's */
  appId: string | null
  /** the token, or the private key of the GitHub App */
  token: string
  /** sends the requests; gives up after a timeout */
  fetch: typeof fetch
}

/**
 * The API of one forge for one repository. Every call is safe to repeat. Throws a ForgeRefusal, or
 * what `fetch` throws.
 */
export interface ForgeClient {
  writeStatus(status: CommitStatus): Promise<void>
  /** Replaces `writeStatus` at a forge that shows summaries and annotations. */
  writeCheck?(check: Check): Promise<void>
  /**
   * Returns the forge's ID of the deployment; pass it as `remote` to the next call. Absent at a
   * forge without deployments.
   */
  writeDeployment?(deployment: ForgeDeployment, remote: string | null): Promise<string>
  /** Lists the open pull requests into a branch. */
  listPullRequests(base: string): Promise<ForgePullRequest[]>
  /** Returns null when the forge has no such pull request. */
  getPullRequest(number: number): Promise<ForgePullRequest | null>
}

export type ConnectForge = (connection: ForgeConnection) => Promise<ForgeClient>

/** Pages read of a list of open pull requests. */
export const maxPages = 20
