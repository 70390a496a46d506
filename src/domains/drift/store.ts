import type { Drift, DriftCheck } from '#contract/drift/drift.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { sql, type Statement } from '#platform/postgres/sql.ts'
import type { DriftChanges } from './rules.ts'

/** Days for which resolved differences are kept, for alerts. */
const keptDays = 30

interface Place {
  app: string
  environment: string
}

const columns = sql`id, app, environment, release, service, kind, name, declared, disk, running,
  is_secret as "isSecret", at_restart as "atRestart", remedy, since, machine, object, place, diff`

/** What differs in an environment, the oldest first, and of one check by machine. */
export const listDrift = (db: Database, { app, environment }: Place): Promise<Drift[]> =>
  db.query<Drift>(sql`select ${columns} from drift
    where app = ${app} and environment = ${environment} and resolved is null
    order by since, machine nulls first, id`)

/** The last check of an environment; null before the first. */
export async function getCheck(
  db: Database,
  { app, environment }: Place,
): Promise<DriftCheck | null> {
  const [check] = await db.query<DriftCheck>(sql`
    select release, checked, problem, total, files, processes, ms from drift_check
    where app = ${app} and environment = ${environment}`)
  return check ?? null
}

/** Stores a check. One that was not possible keeps the numbers of the one before. */
export function saveCheck(
  { app, environment }: Place,
  { release, checked, problem, total, files, processes, ms }: DriftCheck,
): Statement {
  return sql`insert into drift_check as c
      (app, environment, release, checked, problem, total, files, processes, ms)
    values (${app}, ${environment}, ${release}, ${checked}, ${problem}::text, ${total}, ${files},
      ${processes}, ${ms})
    on conflict (app, environment) do update set release = excluded.release,
      checked = excluded.checked, problem = excluded.problem,
      total = case when excluded.problem is null then excluded.total else c.total end,
      files = case when excluded.problem is null then excluded.files else c.files end,
      processes =
        case when excluded.problem is null then excluded.processes else c.processes end,
      ms = excluded.ms`
}

/** Stores what a check has changed. `now` is ISO 8601. */
export function saveChanges(
  { app, environment }: Place,
  release: number,
  { opened, kept, resolved }: DriftChanges,
  now: string,
): Statement[] {
  return [
    ...opened.map(
      (one) => sql`insert into drift (app, environment, release, service, kind, name, declared,
          disk, running, is_secret, at_restart, remedy, since, machine, object, place, diff)
        values (${app}, ${environment}, ${release}, ${one.service}::text, ${one.kind}, ${one.name},
          ${one.declared}::text, ${one.disk}::text, ${one.running}::text, ${one.isSecret},
          ${one.atRestart}::boolean, ${one.remedy}, ${one.changed ?? now},
          ${one.machine ?? null}::text, ${one.object ?? null}::text, ${one.place ?? null}::text,
          ${one.diff ?? null}::text)`,
    ),
    ...kept.map(
      ({ id, difference: one }) => sql`update drift set declared = ${one.declared}::text,
          disk = ${one.disk}::text, running = ${one.running}::text, is_secret = ${one.isSecret},
          at_restart = ${one.atRestart}::boolean, remedy = ${one.remedy},
          object = ${one.object ?? null}::text, diff = ${one.diff ?? null}::text
        where id = ${id}`,
    ),
    sql`update drift set resolved = ${now}
      where id = any(${resolved.map(({ id }) => id)}::bigint[])`,
    sql`delete from drift where app = ${app} and environment = ${environment}
      and resolved < now() - make_interval(days => ${keptDays})`,
  ]
}

/** Deletes everything of an environment that was removed. */
export const deleteDrift = (app: string, environment: string): Statement[] => [
  sql`delete from drift where app = ${app} and environment = ${environment}`,
  sql`delete from drift_check where app = ${app} and environment = ${environment}`,
]
