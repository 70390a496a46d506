import { z } from 'zod'

/** Roles of callers. Each role includes the permissions of the ones before it. */
export const roles = ['viewer', 'developer', 'operator', 'admin'] as const
export type Role = (typeof roles)[number]

/** True when a role includes the needed one. */
export const mayDo = (have: Role | null, needed: Role): boolean =>
  have !== null && roles.indexOf(have) >= roles.indexOf(needed)

/**
 * The role that an endpoint requires. `public` requires no sign-in. `anyone` allows every signed-in
 * caller, for their own objects.
 */
export type Needed = Role | 'public' | 'anyone'

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

type Shape = z.ZodType

/**
 * One endpoint of the HTTP API, as data. Path parameters are written `{name}` and are described by
 * `params`; `query` values arrive as strings and are coerced by their schema; `body` is JSON.
 * `events: true` marks a server-sent event stream, whose `output` is the schema of one message.
 */
export interface Endpoint<
  P extends Shape = Shape,
  Q extends Shape = Shape,
  B extends Shape = Shape,
  O extends Shape = Shape,
> {
  method: Method
  path: `/${string}`
  summary: string
  /** required for the app that the request refers to, or for everything when it names no app */
  role: Needed
  /** true for a list that is limited to the apps for which the caller has the role */
  lists: boolean
  params: P
  query: Q
  body: B
  output: O
  events: boolean
}

const empty = z.object({})

/** Declares an endpoint. Parts that are left out are empty objects. */
export function endpoint<
  O extends Shape,
  P extends Shape = typeof empty,
  Q extends Shape = typeof empty,
  B extends Shape = typeof empty,
  const E extends boolean = false,
>(spec: {
  method: Method
  path: `/${string}`
  summary: string
  role: Needed
  lists?: boolean
  output: O
  params?: P
  query?: Q
  body?: B
  events?: E
}): Endpoint<P, Q, B, O> & { events: E } {
  return {
    method: spec.method,
    path: spec.path,
    summary: spec.summary,
    role: spec.role,
    lists: spec.lists ?? false,
    output: spec.output,
    params: spec.params ?? (empty as unknown as P),
    query: spec.query ?? (empty as unknown as Q),
    body: spec.body ?? (empty as unknown as B),
    events: (spec.events ?? false) as E,
  }
}

/** The input that a client sends: one object each for parameters, query and body. */
export interface Input<E extends Endpoint> {
  params: z.input<E['params']>
  query: z.input<E['query']>
  body: z.input<E['body']>
}

/** The input that a handler receives, after validation. */
export interface Parsed<E extends Endpoint> {
  params: z.output<E['params']>
  query: z.output<E['query']>
  body: z.output<E['body']>
}

export type Output<E extends Endpoint> = z.output<E['output']>
