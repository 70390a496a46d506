import type { z } from 'zod'
import type { Alert } from '#contract/alert/alert.ts'

/** A message about an alert, announced maintenance or an update for customers, in words. */
export interface Message {
  /** the same when the message is sent again, so that a receiver can drop the repetition */
  id: string
  kind: 'opened' | 'acted' | 'resolved' | 'announced' | 'ended' | 'updated' | 'test'
  title: string
  lines: string[]
  /** the page of the alert, or of all alerts */
  url: string
  urgency: Alert['urgency']
  /** a page that acknowledges the alert without a sign-in; null without a person */
  answerUrl: string | null
  /** ends the subscription that the message is for; absent when the receiver cannot */
  unsubscribeUrl?: string
  /** null in a test message, about maintenance and for customers */
  alert: Pick<Alert, 'id' | 'app' | 'environment' | 'service' | 'deployment'> | null
}

/** How channels reach the outside. */
export interface ChannelIo {
  fetch: typeof fetch
  /** null when no mail server is configured */
  mail: { url: string; from: string } | null
  /** folder of the programs that the channel `command` may run; null for none */
  commands: string | null
}

/** A channel did not accept a message. The sentence contains no secret. */
export class Refused extends Error {
  override name = 'Refused'
  /** the status of the answer; null without an answer */
  readonly status: number | null
  /** seconds until the channel takes messages again; null when it did not say that it is full */
  readonly full: number | null

  constructor(
    message: string,
    { cause, status, full }: { cause?: unknown; status?: number | null; full?: number | null } = {},
  ) {
    super(message, { cause })
    this.status = status ?? null
    this.full = full ?? null
  }
}

/** A kind of channel: one file of the folder `channels`. */
export interface ChannelKind<S extends z.ZodType = z.ZodType> {
  kind: string
  title: string
  /** refuses unknown settings */
  settings: S
  example: z.input<S>
  /** messages within seconds that one channel of the kind gets; more of them wait */
  limit: { messages: number; seconds: number }
  /** Resolves when the channel has accepted the message; throws `Refused` when it has not. */
  send(message: Message, settings: z.output<S>, io: ChannelIo): Promise<void>
}

export const defineChannel = <S extends z.ZodType>(kind: ChannelKind<S>): ChannelKind<S> => kind

/** Milliseconds that a channel has to accept a message. */
export const sendTimeout = 15_000

/** Sends JSON; throws `Refused` when it is not accepted. Errors do not name the address. */
export const postJson = (
  io: ChannelIo,
  url: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<void> =>
  post(io, url, JSON.stringify(body), { 'content-type': 'application/json', ...headers })

/** The same with the fields of a form. */
export const postForm = (
  io: ChannelIo,
  url: string,
  fields: Record<string, string>,
  headers: Record<string, string>,
): Promise<void> =>
  post(io, url, new URLSearchParams(fields).toString(), {
    'content-type': 'application/x-www-form-urlencoded',
    ...headers,
  })

/** The same with bytes, whose type `headers` has. */
export const postBytes = (
  io: ChannelIo,
  url: string,
  body: Uint8Array<ArrayBuffer>,
  headers: Record<string, string>,
): Promise<void> => post(io, url, body, headers)

async function post(
  { fetch }: ChannelIo,
  url: string,
  body: string | Uint8Array<ArrayBuffer>,
  headers: Record<string, string>,
): Promise<void> {
  let response: Response
  try {
    response = await fetch(url, {
      ...{ method: 'POST', headers, body, redirect: 'error' },
      signal: AbortSignal.timeout(sendTimeout),
    })
  } catch (error) {
    const isLate = (error as Error).name === 'TimeoutError'
    throw new Refused(isLate ? 'it did not answer within 15 s' : 'it cannot be reached', {
      cause: error,
    })
  }
  await response.body?.cancel()
  const { ok, status } = response
  if (ok) return
  const full = status === 429 ? secondsOf(response.headers.get('retry-after'), Date.now()) : null
  throw new Refused(`it answered ${status}`, { status, full })
}

/** Seconds that a service is full when it does not say how long, and at most. */
const fullSeconds = { usual: 10, most: 3600 }

/** The seconds of a `Retry-After`, which is a number or a date (RFC 9110, section 10.2.3). */
export function secondsOf(retryAfter: string | null, now: number): number {
  const value = retryAfter?.trim() ?? ''
  const seconds = /^\d+(?:\.\d+)?$/.test(value) ? Number(value) : (Date.parse(value) - now) / 1000
  return Number.isNaN(seconds)
    ? fullSeconds.usual
    : Math.min(Math.max(seconds, 1), fullSeconds.most)
}

/** The message as one text of at most so many characters. What is too long loses no link. */
export function textOf(
  {
    title,
    lines,
    url,
    answerUrl,
    unsubscribeUrl,
  }: Pick<Message, 'title' | 'lines' | 'url' | 'answerUrl' | 'unsubscribeUrl'>,
  most = Infinity,
): string {
  const links = [
    url,
    ...(answerUrl === null ? [] : [`Acknowledge or pass on: ${answerUrl}`]),
    ...(unsubscribeUrl === undefined ? [] : [`Unsubscribe: ${unsubscribeUrl}`]),
  ].join('\n')
  return `${shorten([title, ...lines].join('\n'), most - links.length - 1)}\n${links}`
}

/** A text of at most so many characters; what is left out is an ellipsis. */
export const shorten = (text: string, most: number): string =>
  text.length <= most ? text : `${text.slice(0, Math.max(0, most - 1))}…`
