import { z } from 'zod'
import type { ForgeConnection } from './client.ts'

/** A forge answered a request with an error. */
export class ForgeRefusal extends Error {
  override name = 'ForgeRefusal'
  readonly status: number
  /** milliseconds to wait before the next request, when the forge asked for a pause */
  readonly pauseMs: number | null
  constructor(status: number, headers: Headers, answer: string, now = Date.now()) {
    super(`it answers ${status}${answer ? `: ${answer.replace(/\s+/g, ' ').slice(0, 200)}` : ''}`)
    this.status = status
    const isLimit =
      status === 429 || status === 503 || (status === 403 && /rate limit/i.test(answer))
    // GitHub asks clients to wait one minute when it names no time.
    this.pauseMs =
      isLimit || status === 403
        ? (pauseOf(headers, now) ?? (isLimit && status !== 503 ? 60_000 : null))
        : null
  }
}

/**
 * Milliseconds until the forge accepts requests again: `Retry-After` in seconds or as a date
 * (RFC 9110), or the reset time of an exhausted rate limit as GitHub and GitLab send it.
 */
export function pauseOf(headers: Headers, now: number): number | null {
  const after = headers.get('retry-after')
  if (after !== null && /^\d{1,6}$/.test(after)) return Number(after) * 1000
  if (after !== null && !Number.isNaN(Date.parse(after)))
    return Math.max(0, Date.parse(after) - now)
  const remaining = headers.get('x-ratelimit-remaining') ?? headers.get('ratelimit-remaining')
  const reset = headers.get('x-ratelimit-reset') ?? headers.get('ratelimit-reset')
  if (remaining === '0' && reset !== null && /^\d{9,11}$/.test(reset))
    return Math.max(0, Number(reset) * 1000 - now)
  return null
}

/** Returns null for 404 and 410, which forges also send for what the token may not read. */
export async function orNull<T>(act: () => Promise<T>): Promise<T | null> {
  try {
    return await act()
  } catch (error) {
    if (error instanceof ForgeRefusal && (error.status === 404 || error.status === 410)) return null
    throw error
  }
}

/** Sends JSON and parses the JSON of the answer. Throws a ForgeRefusal for an error status. */
export async function requestJson(
  connection: Pick<ForgeConnection, 'fetch'>,
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
  return readJson(response)
}

/**
 * Parses the JSON of a response; null for an empty one. Throws a ForgeRefusal for an error status,
 * and for text that is not JSON.
 */
export async function readJson(response: Response): Promise<unknown> {
  const { status, headers, ok } = response
  const text = await response.text()
  if (!ok) throw new ForgeRefusal(status, headers, messageIn(text))
  if (text === '') return null
  const json = jsonOf(text)
  if (json === undefined) throw new ForgeRefusal(status, headers, 'the answer is not JSON')
  return json
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

const message = z.string().min(1)
const failures = z.union([
  z.object({ message }).transform((found) => found.message),
  z.object({ error: z.object({ message }) }).transform((found) => found.error.message),
  z.object({ error: message }).transform((found) => found.error),
  z
    .object({ errors: z.array(z.object({ message })).min(1) })
    .transform(({ errors }) => errors.map((one) => one.message).join('; ')),
])

/**
 * The message in the error of a forge; empty for any other text. The address is chosen by users, so
 * the text of another service must not become part of an error.
 */
export const messageIn = (body: unknown): string =>
  failures.safeParse(typeof body === 'string' ? jsonOf(body) : body).data ?? ''
