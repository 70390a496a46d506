import type { z } from 'zod'
import type { Endpoint, Input } from './endpoint.ts'
import { endpoints, type EndpointName, type Endpoints } from './endpoints.ts'
import { FairleadError, errorTable, type ErrorCode, type Problem } from './errors.ts'

export const apiPrefix = '/api/v1'

/**
 * True for a type that an empty object satisfies; zod infers an empty object as `Record<string,
 * never>`.
 */
type CanBeEmpty<T> =
  Record<never, never> extends T ? true : Record<string, never> extends T ? true : false

/** Parts without required fields are optional. */
type Arguments<E extends Endpoint> = {
  [K in keyof Input<E> as CanBeEmpty<Input<E>[K]> extends true ? never : K]: Input<E>[K]
} & { [K in keyof Input<E> as CanBeEmpty<Input<E>[K]> extends true ? K : never]?: Input<E>[K] } & {
  signal?: AbortSignal
}

type Call<E extends Endpoint> =
  Record<never, never> extends Arguments<E>
    ? (input?: Arguments<E>) => Promise<z.output<E['output']>>
    : (input: Arguments<E>) => Promise<z.output<E['output']>>

/** One method per endpoint of the contract. Every method throws a FairleadError. */
export type Client = { [N in EndpointName]: Call<Endpoints[N]> }

export interface ClientOptions {
  /** URL of the server without a path; empty in a browser on the same origin */
  base: string
  token?: string
  fetch?: typeof fetch
}

/** Creates the typed client of the API, which the CLI and the console share. */
export function createClient(options: ClientOptions): Client {
  const entries = Object.entries(endpoints).map(([name, endpoint]) => [
    name,
    (input: Partial<Input<Endpoint>> & { signal?: AbortSignal } = {}) =>
      send(options, endpoint, input),
  ])
  return Object.fromEntries(entries) as Client
}

/** Returns the URL of an endpoint with its parameters and query. */
export function endpointUrl(
  base: string,
  endpoint: Pick<Endpoint, 'path'>,
  input: { params?: unknown; query?: unknown },
): string {
  const params = (input.params ?? {}) as Record<string, unknown>
  const path = endpoint.path.replace(/\{(\w+)\}/g, (_, key: string) =>
    encodeURIComponent(String(params[key])),
  )
  const query = new URLSearchParams()
  for (const [key, value] of Object.entries((input.query ?? {}) as Record<string, unknown>)) {
    if (value !== undefined && value !== null) query.set(key, String(value))
  }
  const search = query.size > 0 ? `?${query.toString()}` : ''
  return `${base}${apiPrefix}${path}${search}`
}

async function send(
  options: ClientOptions,
  endpoint: Endpoint,
  input: { params?: unknown; query?: unknown; body?: unknown; signal?: AbortSignal },
): Promise<unknown> {
  const headers: Record<string, string> = { accept: 'application/json' }
  if (options.token) headers['authorization'] = `Bearer ${options.token}`
  const hasBody = endpoint.method !== 'GET'
  if (hasBody) headers['content-type'] = 'application/json'
  const call = options.fetch ?? fetch
  let answer: unknown
  try {
    const response = await call(endpointUrl(options.base, endpoint, input), {
      method: endpoint.method,
      headers,
      ...(hasBody ? { body: JSON.stringify(input.body ?? {}) } : {}),
      ...(input.signal ? { signal: input.signal } : {}),
    })
    if (!response.ok) throw await toError(response, options.base)
    answer = await response.json()
  } catch (cause) {
    if (input.signal?.aborted || cause instanceof FairleadError) throw cause
    // No connection, or one that ended within the response.
    throw new FairleadError('unavailable', {
      what: `The Fairlead server at ${options.base || 'this address'}`,
    })
  }
  return endpoint.output.parse(answer)
}

async function toError(response: Response, base: string): Promise<FairleadError> {
  const problem = (await response.json().catch(() => null)) as Problem | null
  if (problem && typeof problem.code === 'string' && problem.code in errorTable) {
    return new FairleadError(problem.code as ErrorCode, problem.details)
  }
  return new FairleadError('unavailable', {
    what: `A Fairlead server at ${base || 'this address'} (HTTP ${response.status})`,
  })
}
