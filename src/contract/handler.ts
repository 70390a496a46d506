import type { Output, Parsed, Role } from './endpoint.ts'
import type { EndpointName, Endpoints } from './endpoints.ts'

/** Who is asking, after authentication. `name` is what events show as the actor. */
export interface Caller {
  name: string
  role: Role
  /** the apps that it may ask of and act on; all when there is no list */
  apps?: string[]
}

/** One message of an event stream; `event` other than `message` needs no data of the output's schema. */
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
  : (input: Parsed<Endpoints[N]>, caller: Caller, signal: AbortSignal) => Promise<Output<Endpoints[N]>>

/** What answers each endpoint. Domains and flows give parts of it; the server puts the parts together. */
export type Handlers = { [N in EndpointName]: Handler<N> }

/** The part of the handlers that one module gives. */
export type SomeHandlers<N extends EndpointName> = Pick<Handlers, N>
