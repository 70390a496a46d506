import { Cron } from 'croner'
import { sql, type Statement } from '#platform/postgres/sql.ts'

/** The first time after `last` at which a pattern is due, in UTC; null when that is after `now`. */
function nextDue(patterns: string[], last: Date, now: Date): Date | null {
  const next = patterns
    .map((pattern) =>
      new Cron(pattern, { paused: true, timezone: 'UTC', mode: '5-part' }).nextRun(last),
    )
    .filter((time) => time !== null)
    .toSorted((a, b) => a.getTime() - b.getTime())[0]
  return next && next <= now ? next : null
}

/**
 * The newest time after `last` at which a pattern was due; null when none was. Times that were
 * missed before it are skipped: one run makes up for all of them.
 */
export function newestDue(patterns: string[], last: Date, now: Date): Date | null {
  let due: Date | null = null
  for (;;) {
    const next = nextDue(patterns, due ?? last, now)
    if (next === null) return due
    due = next
  }
}

/** Records from when on the schedule of an app counts. */
export const beginSchedule = (app: string, now: Date): Statement =>
  sql`insert into scheduled_run (app, due) values (${app}, ${now.toISOString()})
    on conflict do nothing`

/** Claims a time of the schedule for a run; fails with SQLSTATE 23505 when another run has it. */
export const claimScheduled = (app: string, due: Date, run: number): Statement =>
  sql`insert into scheduled_run (app, due, run) values (${app}, ${due.toISOString()}, ${run})`
