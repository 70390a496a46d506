import { Cron } from 'croner'
import { getChange } from '#domains/source/store.ts'
import type { Engine } from '#engine/workflow.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { sql } from '#platform/postgres/sql.ts'
import { queueDelivery } from './queue.ts'

interface Scheduled {
  app: string
  head: string | null
  patterns: string[]
  last: string | null
}

/** Apps whose newest fairlead.yaml has a schedule, and when it was last due. */
async function scheduledApps(db: Database): Promise<Scheduled[]> {
  return db.query<Scheduled>(sql`select a.name as app, a.head, f.patterns, (
      select max(due) from scheduled_run s where s.app = a.name) as last
    from app a join lateral (select definition->'schedule' as patterns from pipeline_run r
      where r.app = a.name and r.pull_request is null and definition is not null order by id desc limit 1) f on true
    where json_typeof(f.patterns) = 'array' and json_array_length(f.patterns) > 0`)
}

/**
 * The first moment after `last` at which one of the patterns is due, by UTC; null when that is not
 * yet.
 */
export function dueOf(patterns: string[], last: Date, now: Date): Date | null {
  const next = patterns
    .map((pattern) =>
      new Cron(pattern, { paused: true, timezone: 'UTC', mode: '5-part' }).nextRun(last),
    )
    .filter((one) => one !== null)
    .toSorted((a, b) => a.getTime() - b.getTime())[0]
  return next && next <= now ? next : null
}

/**
 * Begins the runs that are due: once each, whichever replica is first, and once for all that was
 * missed while nobody was there. Answers how many it began.
 */
export async function startScheduled(db: Database, engine: Engine, now: Date): Promise<number> {
  let begun = 0
  for (const { app, head, patterns, last } of await scheduledApps(db)) {
    if (last === null) {
      await db.query(
        sql`insert into scheduled_run (app, due) values (${app}, ${now.toISOString()}) on conflict do nothing`,
      )
      continue
    }
    if (dueOf(patterns, new Date(last), now) === null || head === null) continue
    const change = await getChange(db, app, head)
    if (!change) continue
    const { run, statements } = await queueDelivery(db, engine, change, {
      actor: 'schedule',
      retryOf: null,
      trigger: 'schedule',
    })
    // Due is the newest moment, so that two replicas name the same one, and a night that was missed
    // is made up for once.
    const due = newestDue(patterns, new Date(last), now)
    const claim = sql`insert into scheduled_run (app, due, run) values (${app}, ${due.toISOString()}, ${run})`
    const isMine = await db.batch([claim, ...statements]).then(
      () => true,
      (error: { code?: string }) => {
        if (error.code === '23505') return false
        throw error as Error
      },
    )
    if (isMine) begun += 1
  }
  return begun
}

function newestDue(patterns: string[], last: Date, now: Date): Date {
  let due = last
  for (let next = dueOf(patterns, last, now); next; next = dueOf(patterns, next, now)) due = next
  return due
}
