import type { Output, Parsed } from './endpoint.ts'
import type { EndpointName, Endpoints } from './endpoints.ts'
import type { By } from '#contract/event/event.ts'
import type { Grants } from '#contract/access/grants.ts'

/**
 * Who is asking, after authentication, and what they may do. `name` is what events show as the
 * actor.
 */
export interface Caller extends Grants {
  name: string
  by: By
  /** their address, as the provider or an admin gave it */
  email: string | null
  /** the number of the user; null for this machine and its tokens */
  user: number | null
  /** the session that asks; null for tokens */
  session: string | null
  /** a token that is for some apps, and not for what else is its user's */
  isLimited: boolean
}

/**
 * One message of an event stream; `event` other than `message` needs no data of the output's
 * schema.
 */
export interface StreamMessage<T> {
  id?: string
  event?: string
  data: T | null
}

type Handler<N extends EndpointName> = Endpoints[N]['events'] extends true
  ? (
      input: Parsed<Endpoints[N]>,
      caller: Caller,
      signal: AbortSignal,
    ) => AsyncIterable<StreamMessage<Output<Endpoints[N]>>>
  : (
      input: Parsed<Endpoints[N]>,
      caller: Caller,
      signal: AbortSignal,
    ) => Promise<Output<Endpoints[N]>>

/**
 * What answers each endpoint. Domains and flows give parts of it; the server puts the parts
 * together.
 */
export type Handlers = { [N in EndpointName]: Handler<N> }

/** The part of the handlers that one module gives. */
export type SomeHandlers<N extends EndpointName> = Pick<Handlers, N>
