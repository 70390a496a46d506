import type { Output, Parsed } from './endpoint.ts'
import type { EndpointName, Endpoints } from './endpoints.ts'
import type { By } from '#contract/event/event.ts'
import type { Grants } from '#contract/access/grants.ts'

/** An authenticated caller with their permissions. Events show `name` as the actor. */
export interface Caller extends Grants {
  name: string
  by: By
  /** e-mail address, set by the provider or an admin */
  email: string | null
  /** number of the user; null for this machine and its tokens */
  user: number | null
  /** session of the request; null for tokens */
  session: string | null
  /** true for a token that is limited to some apps */
  isLimited: boolean
}

/** One message of an event stream. The data of the default event matches the output schema. */
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

/** The handlers of all endpoints. The server combines the parts of domains, views and flows. */
export type Handlers = { [N in EndpointName]: Handler<N> }

/** The handlers of some endpoints, which one module provides. */
export type SomeHandlers<N extends EndpointName> = Pick<Handlers, N>
