import type { CodeReport } from '#contract/change/code.ts'
import type { Gate, Waiver } from '#contract/gate/gate.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { sql, type Statement } from '#platform/postgres/sql.ts'
import type { Numbers } from './facts.ts'

const columns = sql`id, app, kind, subject, author, reason, created, until, ended,
  (ended is null and until > now()) as "isActive"`

/** Active waivers first, then by newest first. */
export async function listWaivers(db: Database, app: string): Promise<Waiver[]> {
  return db.query<Waiver>(
    sql`select ${columns} from waiver where app = ${app}
      order by "isActive" desc, id desc limit 500`,
  )
}

export async function getWaiver(db: Database, app: string, id: number): Promise<Waiver | null> {
  const rows = await db.query<Waiver>(
    sql`select ${columns} from waiver where app = ${app} and id = ${id}`,
  )
  return rows[0] ?? null
}

/** The gates or tests with an active waiver. */
export async function waivedSubjects(
  db: Database,
  app: string,
  kind: Waiver['kind'],
): Promise<Set<string>> {
  const rows = await db.query<{ subject: string }>(
    sql`select subject from waiver
      where app = ${app} and kind = ${kind} and ended is null and until > now()`,
  )
  return new Set(rows.map(({ subject }) => subject))
}

export async function nextWaiverId(db: Database): Promise<number> {
  const rows = await db.query<{ id: number }>(
    sql`select nextval(pg_get_serial_sequence('waiver', 'id')) as id`,
  )
  return rows[0]?.id ?? 0
}

export function insertWaiver(
  waiver: Pick<Waiver, 'id' | 'app' | 'kind' | 'subject' | 'author' | 'reason' | 'until'>,
): Statement {
  return sql`insert into waiver (id, app, kind, subject, author, reason, until)
    overriding system value
    values (${waiver.id}, ${waiver.app}, ${waiver.kind}, ${waiver.subject}, ${waiver.author},
      ${waiver.reason}, ${waiver.until})`
}

export function endWaiver(id: number): Statement {
  return sql`update waiver set ended = now() where id = ${id} and ended is null`
}

/** The facts of a run when its gates were evaluated. */
export interface StoredSummary {
  run: number
  base: { run: number | null; sha: string | null }
  numbers: Numbers
  gates: Gate[]
}

export function putSummary(app: string, summary: StoredSummary): Statement {
  const { run, base, numbers, gates } = summary
  return sql`insert into summary (run, app, base_run, base_sha, numbers, gates)
    values (${run}, ${app}, ${base.run}::bigint, ${base.sha}::text,
      ${JSON.stringify(numbers)}::json, ${JSON.stringify(gates)}::json)
    on conflict (run) do update set base_run = excluded.base_run, base_sha = excluded.base_sha,
      numbers = excluded.numbers, gates = excluded.gates, time = now()`
}

export async function getSummary(db: Database, run: number): Promise<StoredSummary | null> {
  const rows = await db.query<StoredSummary>(
    sql`select run, json_build_object('run', base_run, 'sha', base_sha) as base, numbers, gates
      from summary where run = ${run}`,
  )
  return rows[0] ?? null
}

/**
 * Stores a code report. It may be measured after the run's summary was stored, so it updates that
 * summary too.
 */
export function putCode(run: number, report: CodeReport): Statement[] {
  return [
    sql`insert into code (run, report) values (${run}, ${JSON.stringify(report)}::json)
      on conflict (run) do update set report = excluded.report, problem = null`,
    sql`update summary set numbers = (numbers::jsonb ||
        jsonb_build_object('code', ${JSON.stringify(report.summary)}::jsonb))::json
      where run = ${run}`,
  ]
}

/** Stores why the code of a run could not be measured. */
export const putCodeProblem = (run: number, problem: string): Statement =>
  sql`insert into code (run, problem) values (${run}, ${problem})
    on conflict (run) do update set report = null, problem = excluded.problem`

/** The code of a run. Both are null before it was measured. */
export interface MeasuredCode {
  report: CodeReport | null
  problem: string | null
}

export async function getCode(db: Database, run: number): Promise<MeasuredCode> {
  const rows = await db.query<MeasuredCode>(
    sql`select report, problem from code where run = ${run}`,
  )
  const { report = null, problem = null } = rows[0] ?? {}
  // Reports of earlier versions do not list the files that were skipped.
  return { report: report && { ...report, unmeasured: report.unmeasured ?? [] }, problem }
}
