import type { Database } from '#platform/postgres/postgres.ts'
import { sql, type Statement } from '#platform/postgres/sql.ts'

/** A job as `background_job` has it. Times are ISO 8601. */
export interface JobStatus {
  name: string
  /** null for a job that one replica runs at a time */
  replica: string | null
  /** milliseconds between two runs */
  interval: number
  isRunning: boolean
  started: string | null
  ended: string | null
  succeeded: string | null
  /** runs in a row that failed */
  failures: number
  /** message of the last run, when it failed */
  error: string | null
  /** milliseconds by which the next run is late; 0 while a run is under way */
  lag: number
}

const ms = (value: number): Statement => sql`${value} * interval '1 ms'`

/** Makes sure that the row of a job for one replica at a time exists, and is due in time. */
export function registerJob(name: string, interval: number): Statement {
  return sql`insert into background_job (name, replica, interval, due)
    values (${name}, '', ${interval}, clock_timestamp() + ${ms(interval)})
    on conflict (name, replica) do update set interval = excluded.interval,
      due = least(background_job.due, excluded.due)`
}

/** Makes a job due now; a run that is under way is followed by another. */
export function wakeJob(name: string): Statement {
  return sql`update background_job
    set due = least(due, clock_timestamp()), woken = clock_timestamp()
    where name = ${name} and replica = ''`
}

/**
 * Claims a job that is due and that nobody holds. Its row says whether the claim succeeded and, if
 * not, after how many milliseconds to try again.
 */
export function claimJob(name: string, holder: string, lease: number): Statement {
  return sql`with claimed as (
      update background_job set holder = ${holder}, started = clock_timestamp(),
        lease = clock_timestamp() + ${ms(lease)}
      where name = ${name} and replica = '' and due <= clock_timestamp()
        and (lease is null or lease <= clock_timestamp() or holder = ${holder})
      returning name)
    select exists (select from claimed) as "isMine",
      extract(epoch from greatest(due, lease) - clock_timestamp())::float8 * 1000 as wait
    from background_job where name = ${name} and replica = ''`
}

/** Has a row while the holder still has the job. */
export function extendLease(name: string, holder: string, lease: number): Statement {
  return sql`update background_job set lease = clock_timestamp() + ${ms(lease)}
    where name = ${name} and replica = '' and holder = ${holder} returning name`
}

/**
 * Ends a run, and answers in how many milliseconds the next one is due; no row when another replica
 * has taken over.
 */
export function endJob(
  name: string,
  holder: string,
  { error, pause }: { error: string | null; pause: number },
): Statement {
  return sql`update background_job set holder = null, lease = null, ended = clock_timestamp(),
      due = clock_timestamp() + case when woken > started then ${ms(0)} else ${ms(pause)} end,
      succeeded = case when ${error}::text is null then clock_timestamp() else succeeded end,
      failures = case when ${error}::text is null then 0 else failures + 1 end,
      error = ${error}::text
    where name = ${name} and replica = '' and holder = ${holder}
    returning extract(epoch from due - clock_timestamp())::float8 * 1000 as wait`
}

/** Leaves a run that was interrupted to the next replica. */
export function releaseJob(name: string, holder: string): Statement {
  return sql`update background_job set holder = null, lease = null
    where name = ${name} and replica = '' and holder = ${holder}`
}

/** Failures in a row of a job that one replica runs at a time. */
export async function jobFailures(db: Database, name: string): Promise<number> {
  const rows = await db.query<{ failures: number }>(
    sql`select failures from background_job where name = ${name} and replica = ''`,
  )
  return rows[0]?.failures ?? 0
}

/** Stores how a job fares on a replica; `pause` is the time until the next such report. */
export function reportJob(report: {
  name: string
  replica: string
  interval: number
  elapsed: number
  failures: number
  error: string | null
  pause: number
}): Statement {
  const { name, replica, interval, failures, error } = report
  return sql`insert into background_job
      (name, replica, interval, due, started, ended, succeeded, failures, error)
    values (${name}, ${replica}, ${interval}, clock_timestamp() + ${ms(report.pause)},
      clock_timestamp() - ${ms(report.elapsed)}, clock_timestamp(),
      case when ${error}::text is null then clock_timestamp() end, ${failures}, ${error}::text)
    on conflict (name, replica) do update set interval = excluded.interval, due = excluded.due,
      started = excluded.started, ended = excluded.ended,
      failures = excluded.failures, error = excluded.error,
      succeeded = coalesce(excluded.succeeded, background_job.succeeded)`
}

export function forgetJob(name: string, replica: string): Statement {
  return sql`delete from background_job where name = ${name} and replica = ${replica}`
}

/** A replica of the engine, whose id begins with the name of the replica, has a lease. */
const isAlive = sql`exists (select from replica r
  where r.lease > clock_timestamp() and starts_with(r.id, b.replica || '/'))`

/** Deletes what replicas reported that are gone. */
export async function forgetDeadReplicas(db: Database, replica: string): Promise<void> {
  await db.query(
    sql`delete from background_job b where replica not in ('', ${replica}) and not ${isAlive}`,
  )
}

/** The jobs of these names on all living replicas, by name. */
export async function listJobs(db: Database, names: readonly string[]): Promise<JobStatus[]> {
  return db.query<JobStatus>(sql`select name, nullif(replica, '') as replica, interval,
      running as "isRunning", started, ended, succeeded, failures, error,
      case when running then 0
        else greatest(0, extract(epoch from clock_timestamp() - due)::float8 * 1000) end as lag
    from (
      select *, holder is not null and lease > clock_timestamp() as running from background_job
    ) b
    where name = any(${[...names]}) and (replica = '' or ${isAlive}) order by name, replica`)
}
