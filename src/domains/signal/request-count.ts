import { countOutcomes, type HostSecond, type PartCounts } from '#contract/host/measurements.ts'
import type { HitPart } from '#contract/incident/impact.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { sql, type Statement } from '#platform/postgres/sql.ts'

/** The requests for a service that ended in the minute from `minute` on, in milliseconds. */
export interface RequestCount {
  app: string
  environment: string
  service: string
  minute: number
  requests: number
  errors: number
  routes: PartCounts
  tenants: PartCounts
}

/** Names of routes, and of tenants, in a minute of a service. */
export const mostNames = 1000
/** Days for which the counts are kept. */
const keptDays = 7
const minuteMs = 60_000

/** The requests of seconds by service and minute. Pure. */
export function requestCounts(seconds: HostSecond[]): RequestCount[] {
  const counts = new Map<string, RequestCount>()
  for (const { at, traffic } of seconds)
    for (const { app, environment, service, outcomes, routes = {}, tenants = {} } of traffic) {
      const minute = Math.floor(at / minuteMs) * minuteMs
      const key = [app, environment, service, minute].join('/')
      const one = { app, environment, service, minute, ...countOutcomes(outcomes) }
      const before = counts.get(key)
      const count = { ...one, routes, tenants }
      counts.set(key, before ? addCount(before, count) : count)
    }
  return [...counts.values()]
}

/** The sum of two counts of a minute, with at most `mostNames` names of each kind. Pure. */
export const addCount = (one: RequestCount, other: RequestCount): RequestCount => ({
  ...one,
  requests: one.requests + other.requests,
  errors: one.errors + other.errors,
  routes: addParts(one.routes, other.routes),
  tenants: addParts(one.tenants, other.tenants),
})

/** The sum of two counts of parts, with at most `mostNames` names. Pure. */
export function addParts(one: PartCounts, other: PartCounts): PartCounts {
  const sums = new Map(Object.entries(one))
  for (const [name, [requests, errors]] of Object.entries(other)) {
    const [before, failed] = sums.get(name) ?? [0, 0]
    sums.set(name, [before + requests, failed + errors])
  }
  if (sums.size <= mostNames) return Object.fromEntries(sums)
  const { '': others = [0, 0] as const, ...named } = Object.fromEntries(sums)
  const sorted = Object.entries(named).toSorted(([, a], [, b]) => b[1] - a[1] || b[0] - a[0])
  const rest: [number, number] = [others[0], others[1]]
  for (const [, [requests, errors]] of sorted.slice(mostNames - 1)) {
    rest[0] += requests
    rest[1] += errors
  }
  return { ...Object.fromEntries(sorted.slice(0, mostNames - 1)), '': rest }
}

const keyOf = ({ app, environment, service, minute }: RequestCount): string =>
  [app, environment, service, minute].join('/')

/** The statements that add the requests of seconds, for one server at a time. */
export async function addRequestCounts(db: Database, seconds: HostSecond[]): Promise<Statement[]> {
  const fresh = requestCounts(seconds)
  if (fresh.length === 0) return []
  const minutes = [...new Set(fresh.map(({ minute }) => new Date(minute).toISOString()))]
  const stored = await db.query<RequestCount>(sql`select app, environment, service,
      (extract(epoch from minute) * 1000)::float8 as minute, requests, errors, routes, tenants
    from request_count where minute = any(${minutes}::timestamptz[])`)
  const rows = fresh.map((one) => {
    const before = stored.find((other) => keyOf(other) === keyOf(one))
    return before ? addCount(before, one) : one
  })
  return [
    sql`insert into request_count (app, environment, service, minute, requests, errors, routes,
        tenants)
      select app, environment, service, to_timestamp(minute / 1000), requests, errors, routes,
        tenants
      from json_to_recordset(${JSON.stringify(rows)}::json) as t(app text, environment text,
        service text, minute float8, requests bigint, errors bigint, routes jsonb, tenants jsonb)
      on conflict (app, environment, service, minute) do update set requests = excluded.requests,
        errors = excluded.errors, routes = excluded.routes, tenants = excluded.tenants`,
  ]
}

export interface CountedPlace {
  app: string
  environment: string
  /** null for all services */
  service: string | null
  /** milliseconds */
  from: number
  until: number
}

const isCounted = ({ app, environment, service, from, until }: CountedPlace): Statement =>
  sql`c.app = ${app} and c.environment = ${environment}
    and (${service}::text is null or c.service = ${service}::text)
    and c.minute between ${new Date(from - minuteMs + 1).toISOString()}::timestamptz
      and ${new Date(until).toISOString()}::timestamptz`

/** The requests of a period, whose first and last minute count as a whole; null without any. */
export async function countRequests(
  db: Database,
  place: CountedPlace,
): Promise<{ failed: number; all: number } | null> {
  const [sum] = await db.query<{ failed: number | null; all: number | null }>(sql`
    select sum(c.errors)::float8 as failed, sum(c.requests)::float8 as all
    from request_count c where ${isCounted(place)}`)
  if (!sum || sum.all === null) return null
  return { failed: sum.failed ?? 0, all: sum.all }
}

/** The parts with failed requests, most first, and how many of how many parts those are. */
export async function listHitParts(
  db: Database,
  kind: 'routes' | 'tenants',
  { limit, ...place }: CountedPlace & { limit: number },
): Promise<{ parts: HitPart[]; hit: number; all: number }> {
  const column = kind === 'routes' ? sql`c.routes` : sql`c.tenants`
  const rows = await db.query<HitPart & { hit: number; all: number }>(sql`
    select *, (count(*) filter (where failed > 0 and name <> '') over ())::int as hit,
      (count(*) filter (where name <> '') over ())::int as all
    from (select p.key as name, sum((p.value->>1)::bigint)::float8 as failed,
        sum((p.value->>0)::bigint)::float8 as requests
      from request_count c, jsonb_each(${column}) p where ${isCounted(place)} group by p.key) s
    order by failed desc, requests desc, name limit ${limit}`)
  const parts = rows.map(({ name, failed, requests }) => ({ name, failed, requests }))
  const { hit = 0, all = 0 } = rows[0] ?? {}
  return { parts: parts.filter(({ failed }) => failed > 0), hit, all }
}

/** From when on the requests of a period are still counted, in milliseconds. Pure. */
export const countedFrom = ({ from, until }: { from: number; until: number }, now: number) =>
  Math.min(until, Math.max(from, now - keptDays * 86_400_000))

export const deleteOldRequestCounts = (): Statement =>
  sql`delete from request_count where minute < now() - ${keptDays} * interval '1 day'`
