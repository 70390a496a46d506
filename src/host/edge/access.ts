import type { RequestFacts } from './route.ts'

/** Receives a record of each request of an environment that has an access log. */
export interface AccessSink {
  write(app: string, environment: string, record: Record<string, unknown>): void
  /** Forgets an environment that was removed. */
  remove(app: string, environment: string): void
  /** Waits until everything is written. */
  flush(): Promise<void>
}

/** What an access log says of a request, with the names of OpenTelemetry. */
export type AccessStart = Record<string, unknown>

/** What became of it. */
export interface AccessEnd {
  /** Null when no instance answered. */
  status: number | null
  bytes: number
  /** The names of its service and release. */
  service: string
  release: number | null
  /** Milliseconds. */
  ms: number
  outcome: string
}

/**
 * The record of a request that begins. The query is left out, because it often contains secrets, as
 * are all headers but two.
 */
export function accessStart(request: RequestFacts, trace: string | null, now: number): AccessStart {
  const agent = request.header('user-agent')
  return {
    timestamp: new Date(now).toISOString(),
    'client.address': request.client(),
    'http.request.method': request.method(),
    'url.scheme': request.isHttps() ? 'https' : 'http',
    'server.address': request.header('host'),
    'url.path': request.path().split('?', 1)[0],
    ...(agent === '' ? {} : { 'user_agent.original': agent.slice(0, 500) }),
    ...(trace === null ? {} : { trace_id: trace }),
  }
}

/** The whole record. */
export const accessRecord = (
  start: AccessStart,
  { status, bytes, service, release, ms, outcome }: AccessEnd,
): Record<string, unknown> => ({
  ...start,
  ...(status === null ? {} : { 'http.response.status_code': status }),
  'http.response.size': bytes,
  'http.server.request.duration': Math.round(ms * 1000) / 1e6,
  'service.name': service,
  'fairlead.release': release,
  ...(outcome === 'broken' || outcome === 'refused' || outcome === 'left'
    ? { 'error.type': outcome }
    : {}),
})
