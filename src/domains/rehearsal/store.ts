import type { Rehearsal, RehearsalReport } from '#contract/rehearsal/rehearsal.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { sql, type Statement } from '#platform/postgres/sql.ts'

/** Rehearsals of each service that are kept. */
const kept = 100

export interface NewRehearsal {
  app: string
  environment: string
  service: string
  release: number
  cause: Rehearsal['cause']
  actor: string
  report: RehearsalReport
}

/** Stores a rehearsal, and deletes the oldest ones of the service. */
export function insertRehearsal(one: NewRehearsal): Statement[] {
  const { state, reason, ...report } = one.report
  return [
    sql`insert into rehearsal (app, environment, service, release, cause, actor, state, reason,
        report)
      values (${one.app}, ${one.environment}, ${one.service}, ${one.release}, ${one.cause},
        ${one.actor}, ${state}, ${reason}::text, ${report}::json)`,
    sql`delete from rehearsal where app = ${one.app} and environment = ${one.environment}
      and service = ${one.service} and id <= (
        select id from rehearsal where app = ${one.app} and environment = ${one.environment}
          and service = ${one.service} order by id desc offset ${kept} limit 1)`,
  ]
}

type Row = Omit<Rehearsal, keyof RehearsalReport> &
  Pick<Rehearsal, 'state' | 'reason'> & { report: Omit<RehearsalReport, 'state' | 'reason'> }

const toRehearsal = ({ report, ...row }: Row): Rehearsal => ({ ...report, ...row })

const columns = sql`id, app, environment, service, release, cause, actor, state, reason, report,
  ended`

/** The rehearsals of an environment, newest first. */
export async function listRehearsals(
  db: Database,
  place: { app: string; environment: string; service?: string | undefined; limit: number },
): Promise<Rehearsal[]> {
  const { app, environment, service = null, limit } = place
  const rows = await db.query<Row>(sql`select ${columns} from rehearsal
    where app = ${app} and environment = ${environment}
      and (${service}::text is null or service = ${service}::text)
    order by id desc limit ${limit}`)
  return rows.map(toRehearsal)
}

/** The last rehearsal of each service of an environment. */
export async function lastRehearsals(
  db: Database,
  app: string,
  environment: string,
): Promise<Rehearsal[]> {
  const rows = await db.query<Row>(sql`select distinct on (service) ${columns} from rehearsal
    where app = ${app} and environment = ${environment} order by service, id desc`)
  return rows.map(toRehearsal)
}

/** Deletes the rehearsals of an environment that was removed. */
export const deleteRehearsals = (app: string, environment: string): Statement =>
  sql`delete from rehearsal where app = ${app} and environment = ${environment}`
