import type { z } from 'zod'
import type { Alert } from '#contract/alert/alert.ts'

/** A message about an alert, in words. */
export interface Message {
  /** the same when the message is sent again, so that a receiver can drop the repetition */
  id: string
  kind: 'opened' | 'resolved' | 'test'
  title: string
  lines: string[]
  /** the page of the alert */
  url: string
  urgency: Alert['urgency']
  /** null in a test message */
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
}

/** A kind of channel: one file of the folder `channels`. */
export interface ChannelKind<S extends z.ZodType = z.ZodType> {
  kind: string
  title: string
  /** refuses unknown settings */
  settings: S
  example: z.input<S>
  /** Resolves when the channel has accepted the message; throws `Refused` when it has not. */
  send(message: Message, settings: z.output<S>, io: ChannelIo): Promise<void>
}

export const defineChannel = <S extends z.ZodType>(kind: ChannelKind<S>): ChannelKind<S> => kind

/** Milliseconds that a channel has to accept a message. */
export const sendTimeout = 15_000

/** Sends JSON; throws `Refused` when it is not accepted. Errors do not name the address. */
export async function postJson(
  { fetch }: ChannelIo,
  url: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<void> {
  let response: Response
  try {
    response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(sendTimeout),
      redirect: 'error',
    })
  } catch (error) {
    const isLate = (error as Error).name === 'TimeoutError'
    throw new Refused(isLate ? 'it did not answer within 15 s' : 'it cannot be reached', {
      cause: error,
    })
  }
  await response.body?.cancel()
  if (!response.ok) throw new Refused(`it answered ${response.status}`)
}

/** The message as one text. */
export const textOf = ({ title, lines, url }: Message): string => [title, ...lines, url].join('\n')
