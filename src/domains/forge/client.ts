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

/** An issue as Fairlead writes it. */
export interface IssueContent {
  title: string
  /** Markdown */
  body: string
  /** the last day, `2026-12-14` */
  due: string
}

/** An issue of a forge. */
export interface ForgeIssue {
  number: number
  /** its page; null when the forge names none */
  url: string | null
  isOpen: boolean
  /** when it was closed, as the forge says; null while it is open */
  closed: string | null
}

/** The issues of one repository. Times are ISO 8601 UTC. */
export interface ForgeIssues {
  /** Finds an issue that was created since then, by a text in its body. */
  find(marker: string, since: string): Promise<ForgeIssue | null>
  /** Returns null when the forge has no such issue. */
  get(number: number): Promise<ForgeIssue | null>
  create(content: IssueContent, label: string): Promise<ForgeIssue>
  change(number: number, content: IssueContent): Promise<void>
  setOpen(number: number, isOpen: boolean): Promise<void>
  /** Adds or removes a label, which is created if the repository lacks it. */
  setLabel(number: number, label: string, isOn: boolean): Promise<void>
  /** The texts of the comments of an issue since then. */
  listComments(number: number, since: string): Promise<string[]>
  comment(number: number, text: string): Promise<void>
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
  /** Absent at a forge whose issues Fairlead cannot write. */
  issues?: ForgeIssues
  /** Lists the open pull requests into a branch. */
  listPullRequests(base: string): Promise<ForgePullRequest[]>
  /** Returns null when the forge has no such pull request. */
  getPullRequest(number: number): Promise<ForgePullRequest | null>
}

export type ConnectForge = (connection: ForgeConnection) => Promise<ForgeClient>

/** Pages read of a list of open pull requests. */
export const maxPages = 20
