import { createHash } from 'node:crypto'
import { z } from 'zod'
import { evaluate, type SwitchState } from '#platform/switch/evaluate.ts'

/** A request of the OpenFeature Remote Evaluation Protocol. */
export interface OfrepRequest {
  method: string
  path: string
  /** the headers `Authorization`, or `X-API-Key`, and `If-None-Match` */
  authorization: string | undefined
  ifNoneMatch: string | undefined
  body: string
}

export interface OfrepAnswer {
  status: number
  headers: Record<string, string>
  /** JSON; null for none */
  body: unknown
}

const base = '/ofrep/v1/evaluate/flags'
const contextOf = z.object({
  context: z.looseObject({ targetingKey: z.string().optional() }).default({}),
})

/**
 * Answers a request by OFREP 0.3 (github.com/open-feature/protocol, service/openapi.yaml).
 * `statesOf` returns the switches that a token may read, and null for another token. Pure.
 */
export function answerOfrep(
  { method, path, authorization, ifNoneMatch, body }: OfrepRequest,
  statesOf: (token: string) => ReadonlyMap<string, SwitchState> | null,
): OfrepAnswer {
  const isBulk = path === base
  const name = path.startsWith(`${base}/`) ? nameIn(path) : null
  if (!isBulk && name === null) return problem(404, 'This address does not exist')
  const states = statesOf(authorization?.replace(/^bearer +/i, '') ?? '')
  if (states === null)
    return problem(401, 'Send `Authorization: Bearer TOKEN`; $OFREP_HEADERS contains it')
  if (method !== 'POST') return problem(405, 'Send a POST request', { allow: 'POST' })
  const key = targetingKey(body)
  const named = name === null ? {} : { key: name }
  if ('errorCode' in key) return { status: 400, headers: {}, body: { ...named, ...key } }
  return name === null ? bulk(states, key.key, ifNoneMatch) : single(states, name, key.key)
}

const problem = (
  status: number,
  errorDetails: string,
  headers: Record<string, string> = {},
): OfrepAnswer => ({ status, headers, body: { errorDetails } })

function nameIn(path: string): string | null {
  try {
    return decodeURIComponent(path.slice(base.length + 1))
  } catch {
    return null
  }
}

function targetingKey(
  body: string,
): { key: string | null } | { errorCode: string; errorDetails: string } {
  let json: unknown
  try {
    json = body.trim() === '' ? {} : JSON.parse(body)
  } catch {
    return { errorCode: 'PARSE_ERROR', errorDetails: 'The body is not JSON' }
  }
  const parsed = contextOf.safeParse(json)
  if (parsed.success) return { key: parsed.data.context.targetingKey ?? null }
  return {
    errorCode: 'INVALID_CONTEXT',
    errorDetails: '`context` must be an object, and its `targetingKey` a text',
  }
}

function single(
  states: ReadonlyMap<string, SwitchState>,
  name: string,
  key: string | null,
): OfrepAnswer {
  const state = states.get(name)
  if (state === undefined)
    return {
      ...{ status: 404, headers: {} },
      body: {
        ...{ key: name, errorCode: 'FLAG_NOT_FOUND' },
        errorDetails: 'No release of the environment has this switch in fairlead.yaml',
      },
    }
  return { status: 200, headers: {}, body: evaluated(name, state, key) }
}

function bulk(
  states: ReadonlyMap<string, SwitchState>,
  key: string | null,
  ifNoneMatch: string | undefined,
): OfrepAnswer {
  const flags = [...states].map(([name, state]) => evaluated(name, state, key))
  const digest = createHash('sha256').update(JSON.stringify(flags)).digest('hex')
  const etag = `"${digest.slice(0, 32)}"`
  const isSame = (ifNoneMatch ?? '')
    .split(',')
    .some((tag) => tag.trim().replace(/^W\//, '') === etag)
  if (isSame) return { status: 304, headers: { etag }, body: null }
  return { status: 200, headers: { etag }, body: { flags } }
}

function evaluated(name: string, state: SwitchState, key: string | null) {
  const { variant, ...found } = evaluate(name, state, key)
  return { key: name, ...found, ...(variant === null ? {} : { variant }) }
}
