import { deflateRawSync } from 'node:zlib'
import type { DroppedEvents, ErrorDetails } from '#contract/error/error.ts'
import { appendEventForEach } from '#engine/events.ts'
import { sql, type Statement } from '#platform/postgres/sql.ts'
import { placeOf } from './fingerprint.ts'

/** An error event, scrubbed. */
export interface Occurrence {
  app: string
  environment: string
  release: number
  service: string
  source: 'output' | 'sdk'
  language: string
  fingerprint: string
  /** milliseconds */
  time: number
  /** a hash that names the person; null when it is not known */
  person: Buffer | null
  details: ErrorDetails
}

/** Events of an error in a release whose details are kept in an hour, and of one batch. */
const kept = { anHour: 10, aBatch: 3 }
/** People who are counted for an error. */
const mostPeople = 10_000

/** Counts events, and stores the details of a sample of them. One transaction. */
export function recordErrors(occurrences: Occurrence[]): Statement[] {
  const groups = Map.groupBy(occurrences, ({ app, fingerprint, environment, release }) =>
    JSON.stringify([app, fingerprint, environment, release]),
  )
  return [...groups.values()].flatMap(recordGroup)
}

function recordGroup(events: Occurrence[]): Statement[] {
  const [first] = events
  if (!first) return []
  const last = new Date(Math.max(...events.map(({ time }) => time))).toISOString()
  const begin = new Date(Math.min(...events.map(({ time }) => time))).toISOString()
  const { app, environment, release, service } = first
  const mine = sql`(select id from error where app = ${app}
    and fingerprint = ${first.fingerprint})`
  const hours = Map.groupBy(events, ({ time }) => Math.floor(time / 3_600_000) * 3_600_000)
  const people = new Set(events.flatMap(({ person }) => person?.toString('hex') ?? []))
  return [
    appear(first, begin),
    sql`insert into error_environment (error, environment, service, first_seen, last_seen,
        first_release, last_release)
      values (${mine}, ${environment}, ${service}, ${begin}::timestamptz, ${last}::timestamptz,
        ${release}, ${release})
      on conflict (error, environment) do update set service = excluded.service,
        last_seen = greatest(error_environment.last_seen, excluded.last_seen),
        last_release = greatest(error_environment.last_release, excluded.last_release)`,
    ...regress(first, last),
    sql`update error set count = count + ${events.length},
        last_seen = greatest(last_seen, ${last}::timestamptz), message = ${messageOf(first)}
      where id = ${mine}`,
    ...[...hours].map(
      ([hour, some]) => sql`insert into error_count (error, environment, release, hour, count)
        values (${mine}, ${environment}, ${release}, ${new Date(hour).toISOString()}::timestamptz,
          ${some.length})
        on conflict (error, environment, release, hour)
        do update set count = error_count.count + excluded.count`,
    ),
    ...events.slice(-kept.aBatch).map((event) => keepDetails(event, mine)),
    ...[...people].map(
      (person) => sql`insert into error_person (error, person)
        select ${mine}, decode(${person}, 'hex')
        where (select count(*) from error_person where error = ${mine}) < ${mostPeople}
        on conflict do nothing`,
    ),
  ]
}

const messageOf = ({ details }: Occurrence): string =>
  (details.exceptions[0]?.message ?? '').slice(0, 1000)

const factsOf = ({ environment, release, service, details }: Occurrence) => ({
  type: details.exceptions[0]?.type ?? 'Error',
  message: (details.exceptions[0]?.message ?? '').slice(0, 200),
  ...{ environment, release, service },
})

function appear(event: Occurrence, begin: string): Statement {
  const { app, fingerprint, language, details } = event
  const { type } = factsOf(event)
  return appendEventForEach(
    'dev.cdeventsx.fairlead-error.appeared',
    sql`insert into error (app, fingerprint, type, message, place, language, first_seen, last_seen)
      values (${app}, ${fingerprint}, ${type}, ${messageOf(event)},
        ${placeOf(details.exceptions)}::text, ${language}, ${begin}::timestamptz,
        ${begin}::timestamptz)
      on conflict (app, fingerprint) do nothing
      returning 'error/' || id as subject, 'app/' || app as chain, app,
        ${factsOf(event)}::jsonb as data`,
  )
}

/** Opens a resolved error again when it is seen later, or in a later release. */
function regress(event: Occurrence, last: string): Statement[] {
  const { app, fingerprint, environment, release } = event
  const isBack = sql`app = ${app} and fingerprint = ${fingerprint} and state = 'resolved'
    and ${last}::timestamptz > resolved
    and (resolved_release is null or ${release} > resolved_release)`
  return [
    sql`update error_environment set regressed = ${last}::timestamptz,
        regressed_release = ${release}
      where environment = ${environment} and error = (select id from error where ${isBack})`,
    appendEventForEach(
      'dev.cdeventsx.fairlead-error.regressed',
      sql`update error set state = 'open', regressed = ${last}::timestamptz where ${isBack}
        returning 'error/' || id as subject, 'app/' || app as chain, app,
          ${factsOf(event)}::jsonb as data`,
    ),
  ]
}

const keepDetails = (event: Occurrence, error: Statement): Statement => {
  const { environment, release, service, source, time, details } = event
  return sql`insert into error_event (error, environment, release, service, source, time, details)
    select ${error}, ${environment}, ${release}, ${service}, ${source},
      ${new Date(time).toISOString()}::timestamptz,
      ${deflateRawSync(JSON.stringify(details))}::bytea
    where (select count(*) from error_event where error = ${error} and release = ${release}
      and time > ${new Date(time - 3_600_000).toISOString()}::timestamptz) < ${kept.anHour}`
}

/** Counts what was not recorded; of output in kilobytes. */
export const recordDropped = (
  { app, reason, count }: DroppedEvents,
  now: number,
): Statement => sql`insert into error_dropped (app, hour, reason, count)
  values (${app}, date_trunc('hour', ${new Date(now).toISOString()}::timestamptz), ${reason},
    ${count})
  on conflict (app, hour, reason) do update set count = error_dropped.count + excluded.count`
