import type { Database } from '#platform/postgres/postgres.ts'
import { sql, type Statement } from '#platform/postgres/sql.ts'
import type {
  BillOfMaterials,
  ReportFormat,
  ReportedFinding,
  ReportedMeasurement,
  TestCase,
} from './report.ts'

/** The attempt of a step that a report belongs to. */
export interface Attempt {
  app: string
  run: number
  step: string
  attempt: number
}

/** Inserts tests, numbered from `first`. Idempotent. */
export function insertTests(
  { app, run, step, attempt }: Attempt,
  first: number,
  tests: TestCase[],
): Statement[] {
  const column = <K extends keyof TestCase>(key: K): TestCase[K][] => tests.map((test) => test[key])
  const [suites, names] = [column('suite'), column('name')]
  return [
    sql`insert into test (app, suite, name) select distinct ${app}, suite, name
      from unnest(${suites}::text[], ${names}::text[]) given (suite, name)
      order by suite, name on conflict do nothing`,
    sql`insert into test_result
        (run, step, attempt, number, test, outcome, seconds, file, message, retried)
      select ${run}::bigint, ${step}, ${attempt}::int, ${first}::int + given.number, test.id,
        outcome, seconds, file, message, retried
      from unnest(${suites}::text[], ${names}::text[], ${column('outcome')}::text[],
        ${column('seconds')}::real[], ${column('file')}::text[], ${column('message')}::text[],
        ${tests.map((test) => test.retried ?? false)}::boolean[])
        with ordinality given (suite, name, outcome, seconds, file, message, retried, number)
      join test on test.app = ${app}
        and md5(test.suite || E'\n' || test.name) = md5(given.suite || E'\n' || given.name)
      on conflict do nothing`,
  ]
}

/** Inserts the executable lines of a file, and those that did not run. */
export function insertCoverage(
  { run, step, attempt }: Attempt,
  { file, lines, missed }: { file: string; lines: number[]; missed: number[] },
): Statement {
  return sql`insert into coverage (run, step, attempt, file, lines, missed)
    values (${run}, ${step}, ${attempt}, ${file}, ${lines}::int[], ${missed}::int[])
    on conflict do nothing`
}

/** Inserts findings, numbered from `first`. Idempotent. */
export function insertFindings(
  { run, step, attempt }: Attempt,
  first: number,
  found: ReportedFinding[],
): Statement {
  const column = <K extends keyof ReportedFinding>(key: K): ReportedFinding[K][] =>
    found.map((one) => one[key])
  return sql`insert into finding
      (run, step, attempt, number, tool, rule, level, severity, message, file, line)
    select ${run}::bigint, ${step}, ${attempt}::int, ${first}::int + number,
      tool, rule, level, severity, message, file, line
    from unnest(${column('tool')}::text[], ${column('rule')}::text[], ${column('level')}::text[],
      ${column('severity')}::text[], ${column('message')}::text[], ${column('file')}::text[],
      ${column('line')}::int[])
      with ordinality given (tool, rule, level, severity, message, file, line, number)
    on conflict do nothing`
}

/** Inserts measurements with different names. */
export function insertMeasurements(
  { run, step, attempt }: Attempt,
  measured: ReportedMeasurement[],
): Statement[] {
  return measured.map(
    ({ name, unit, better, value, spread }) => sql`insert into measurement
        (run, step, attempt, name, unit, better, value, deviation, samples)
      values (${run}, ${step}, ${attempt}, ${name}, ${unit}, ${better}, ${value},
        ${spread?.deviation ?? null}::float8, ${spread?.samples ?? null}::int)
      on conflict do nothing`,
  )
}

export function insertMaterial(
  { run, step, attempt }: Attempt,
  file: string,
  bill: BillOfMaterials,
): Statement {
  return sql`insert into material (run, step, attempt, file, components, document)
    values (${run}, ${step}, ${attempt}, ${file}, ${bill.components}, ${bill.document}::json)
    on conflict do nothing`
}

export function insertReport(
  { run, step, attempt }: Attempt,
  file: string,
  { name, topics }: Pick<ReportFormat, 'name' | 'topics'>,
): Statement {
  return sql`insert into report (run, step, attempt, file, format, tells)
    values (${run}, ${step}, ${attempt}, ${file}, ${name}, ${topics}::text[])
    on conflict do nothing`
}

/** The failed tests of one attempt, in the order of its reports. */
export async function failedTests(
  db: Database,
  run: number,
  step: string,
  attempt: number,
): Promise<{ suite: string; name: string; file: string | null }[]> {
  return db.query(sql`select t.suite, t.name, r.file from test_result r join test t on t.id = r.test
    where r.run = ${run} and r.step = ${step} and r.attempt = ${attempt}
      and r.outcome in ('failed', 'errored')
    order by r.number`)
}

/** Whether reports of an attempt are still stored. */
export async function hasReports(db: Database, { run, step, attempt }: Attempt): Promise<boolean> {
  const rows = await db.query(
    sql`select 1 from report
      where run = ${run} and step = ${step} and attempt = ${attempt} limit 1`,
  )
  return rows.length > 0
}

/** Copies the reports of one attempt to another, whose step was not run again. */
export function copyReports(from: Attempt, to: Attempt): Statement[] {
  const columns = [
    [sql`test_result`, sql`number, test, outcome, seconds, file, message, retried`],
    [sql`coverage`, sql`file, lines, missed`],
    [sql`finding`, sql`number, tool, rule, level, severity, message, file, line`],
    [sql`measurement`, sql`name, unit, better, value, deviation, samples`],
    [sql`material`, sql`file, components, document`],
    [sql`report`, sql`file, format, tells`],
  ] as const
  return columns.map(
    ([table, names]) => sql`insert into ${table} (run, step, attempt, ${names})
      select ${to.run}::bigint, ${to.step}::text, ${to.attempt}::int, ${names} from ${table}
      where run = ${from.run} and step = ${from.step} and attempt = ${from.attempt}
      on conflict do nothing`,
  )
}

/** Copies the tests of the previous attempt that the given attempt did not run again. */
export function carryTests({ run, step, attempt }: Attempt): Statement {
  return sql`insert into test_result
      (run, step, attempt, number, test, outcome, seconds, file, message, retried)
    select run, step, ${attempt}, 1000000 + row_number() over (order by number), test, outcome,
      seconds, file, message, retried
    from test_result r
    where run = ${run} and step = ${step} and attempt = ${attempt} - 1 and not exists (
      select 1 from test_result n
      where n.run = ${run} and n.step = ${step} and n.attempt = ${attempt} and n.test = r.test)
    on conflict do nothing`
}

/**
 * Deletes the reports of runs. `report` comes last, because it marks the runs that have reports.
 */
export function deleteReports(runs: number[]): Statement[] {
  const tables = [
    sql`test_result`,
    sql`coverage`,
    sql`finding`,
    sql`measurement`,
    sql`material`,
    sql`report`,
  ]
  return tables.map((table) => sql`delete from ${table} where run = any(${runs}::bigint[])`)
}
