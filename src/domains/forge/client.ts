import type { ForgePullRequest } from '#contract/pull-request/pull-request.ts'

import { z } from 'zod'

/** What became of a commit, under a name that the forge shows. */
export interface CommitStatus {
  sha: string
  name: string
  state: 'pending' | 'success' | 'failure' | 'error'
  description: string
  /** of the page that says more */
  url: string
}

/** A remark on lines of the commit, from 1. */
export interface Annotation {
  file: string
  line: number
  end: number
  level: 'failure' | 'warning' | 'notice'
  title: string
  message: string
}

/** A status that also says why, down to the line. */
export interface Check extends CommitStatus {
  /** names it for good */
  key: string
  /** Markdown */
  summary: string
  annotations: Annotation[]
}

/** A deployment as forges know them; `key` names it for good. */
export interface ForgeDeployment {
  key: string
  sha: string
  branch: string
  environment: string
  isProduction: boolean
  /** it goes with its pull request */
  isTransient: boolean
  /** where it answers, when that is for others to see */
  address: string | null
  state: 'pending' | 'running' | 'success' | 'failure' | 'inactive'
  description: string
  url: string
}

export interface Connection {
  /** of the API, without a slash at the end */
  url: string
  /** OWNER/NAME; GitLab's may have more parts */
  repository: string
  token: string
  /** the token is that of a GitHub App, which may write checks */
  isApp: boolean
  /** asks the forge; gives up in time */
  fetch: typeof fetch
}

/** Tells one forge. Everything is safe to repeat; throws a ForgeRefusal, or what `fetch` throws. */
export interface ForgeClient {
  writeStatus(status: CommitStatus): Promise<void>
  /** Instead of a status, where the forge knows more than these. */
  writeCheck?(check: Check): Promise<void>
  /**
   * Answers the forge's own id, which is given back the next time. A forge that has none knows no
   * deployments.
   */
  writeDeployment?(deployment: ForgeDeployment, remote: string | null): Promise<string>
  /** Those that are open and want to go into the branch. */
  listPullRequests(base: string): Promise<ForgePullRequest[]>
  /** Null when there is none of that number. */
  getPullRequest(number: number): Promise<ForgePullRequest | null>
}

/**
 * Pages that are read of a list; more than so many open pull requests are an error of whoever asks.
 */
export const mostPages = 20

/** A forge's text, as it may be stored and shown. */
export const line = z
  .string()
  .transform((text) => text.replace(/[\0-\x1f\x7f]+/g, ' ').slice(0, 300))

/**
 * A forge that says 404 of one thing says that there is none; it says so, too, of what a token may
 * not see.
 */
export async function orNull<T>(act: () => Promise<T>): Promise<T | null> {
  try {
    return await act()
  } catch (error) {
    if (error instanceof ForgeRefusal && (error.status === 404 || error.status === 410)) return null
    throw error
  }
}

export type ConnectForge = (connection: Connection) => ForgeClient

/** The forge answered, but not with yes. */
export class ForgeRefusal extends Error {
  override name = 'ForgeRefusal'
  readonly status: number
  /** it asked to be left alone for so long, in milliseconds */
  readonly pauseMs: number | null
  constructor(status: number, headers: Headers, said: string, now = Date.now()) {
    super(`it answers ${status}${said ? `: ${said.replace(/\s+/g, ' ').slice(0, 200)}` : ''}`)
    this.status = status
    const isLimit = status === 429 || status === 503 || (status === 403 && /rate limit/i.test(said))
    // GitHub asks for a minute where it names no time.
    this.pauseMs =
      isLimit || status === 403
        ? (pauseOf(headers, now) ?? (isLimit && status !== 503 ? 60_000 : null))
        : null
  }
}

/**
 * `Retry-After` in seconds or as a date (RFC 9110), or the moment at which a limit that is used up
 * begins anew, as GitHub and GitLab say it.
 */
export function pauseOf(headers: Headers, now: number): number | null {
  const after = headers.get('retry-after')
  if (after !== null && /^\d{1,6}$/.test(after)) return Number(after) * 1000
  if (after !== null && !Number.isNaN(Date.parse(after)))
    return Math.max(0, Date.parse(after) - now)
  const left = headers.get('x-ratelimit-remaining') ?? headers.get('ratelimit-remaining')
  const reset = headers.get('x-ratelimit-reset') ?? headers.get('ratelimit-reset')
  if (left === '0' && reset !== null && /^\d{9,11}$/.test(reset))
    return Math.max(0, Number(reset) * 1000 - now)
  return null
}

/** Asks with JSON and answers JSON; throws a ForgeRefusal. */
export async function askJson(
  connection: Pick<Connection, 'fetch'>,
  url: string,
  {
    method = 'POST',
    headers,
    body,
  }: { method?: string; headers: Record<string, string>; body?: unknown },
): Promise<unknown> {
  const response = await connection.fetch(url, {
    method,
    headers: { 'content-type': 'application/json', accept: 'application/json', ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    redirect: 'error',
  })
  const text = await response.text()
  if (!response.ok) throw new ForgeRefusal(response.status, response.headers, text)
  return text === '' ? null : (JSON.parse(text) as unknown)
}
