import type { Finding, Measurement, ReportSummary, TestResult } from '#contract/report/report.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { sql, type Statement } from '#platform/postgres/sql.ts'
import { compare } from './noise.ts'
import type {
  BillOfMaterials,
  ReportFormat,
  ReportedFinding,
  ReportedMeasurement,
  TestCase,
  Topic,
} from './report.ts'

/** An attempt of a step, to which a report belongs. */
export interface Attempt {
  app: string
  run: number
  step: string
  attempt: number
}

/** Results of earlier commits that are looked at to tell whether a test is flaky. */
const commitsLooked = 50

/** Keeps tests, numbered on from `first`; the same ones again change nothing. */
export function insertTests(
  { app, run, step, attempt }: Attempt,
  first: number,
  tests: TestCase[],
): Statement[] {
  const column = <K extends keyof TestCase>(key: K): TestCase[K][] => tests.map((test) => test[key])
  const [suites, names] = [column('suite'), column('name')]
  return [
    sql`insert into test (app, suite, name) select distinct ${app}, suite, name
      from unnest(${suites}::text[], ${names}::text[]) given (suite, name) order by suite, name on conflict do nothing`,
    sql`insert into test_result (run, step, attempt, number, test, outcome, seconds, file, message, retried)
      select ${run}::bigint, ${step}, ${attempt}::int, ${first}::int + given.number, test.id, outcome, seconds, file, message, retried
      from unnest(${suites}::text[], ${names}::text[], ${column('outcome')}::text[], ${column('seconds')}::real[],
        ${column('file')}::text[], ${column('message')}::text[], ${tests.map((test) => test.retried ?? false)}::boolean[])
        with ordinality given (suite, name, outcome, seconds, file, message, retried, number)
      join test on test.app = ${app} and md5(test.suite || E'\n' || test.name) = md5(given.suite || E'\n' || given.name)
      on conflict do nothing`,
  ]
}

export function insertCoverage(
  { run, step, attempt }: Attempt,
  hits: Map<string, Map<number, number>>,
): Statement[] {
  return [...hits].map(([file, lines]) => {
    const known = [...lines.keys()].filter((line) => line > 0).sort((a, b) => a - b)
    const missed = known.filter((line) => lines.get(line) === 0)
    return sql`insert into coverage (run, step, attempt, file, lines, missed)
      values (${run}, ${step}, ${attempt}, ${file}, ${known}::int[], ${missed}::int[]) on conflict do nothing`
  })
}

export function insertFindings(
  { run, step, attempt }: Attempt,
  found: ReportedFinding[],
): Statement {
  const column = <K extends keyof ReportedFinding>(key: K): ReportedFinding[K][] =>
    found.map((one) => one[key])
  return sql`insert into finding (run, step, attempt, number, tool, rule, level, severity, message, file, line)
    select ${run}::bigint, ${step}, ${attempt}::int, number, tool, rule, level, severity, message, file, line
    from unnest(${column('tool')}::text[], ${column('rule')}::text[], ${column('level')}::text[], ${column('severity')}::text[],
      ${column('message')}::text[], ${column('file')}::text[], ${column('line')}::int[])
      with ordinality given (tool, rule, level, severity, message, file, line, number)
    on conflict do nothing`
}

/** Of the same name the last one counts. */
export function insertMeasurements(
  { run, step, attempt }: Attempt,
  measured: ReportedMeasurement[],
): Statement[] {
  return [...new Map(measured.map((one) => [one.name, one])).values()].map(
    ({
      name,
      unit,
      better,
      value,
      spread,
    }) => sql`insert into measurement (run, step, attempt, name, unit, better, value, deviation, samples)
      values (${run}, ${step}, ${attempt}, ${name}, ${unit}, ${better}, ${value}, ${spread?.deviation ?? null}::float8,
        ${spread?.samples ?? null}::int) on conflict do nothing`,
  )
}

export function insertMaterial(
  { run, step, attempt }: Attempt,
  file: string,
  bill: BillOfMaterials,
): Statement {
  return sql`insert into material (run, step, attempt, file, components, document)
    values (${run}, ${step}, ${attempt}, ${file}, ${bill.components}, ${bill.document}::json) on conflict do nothing`
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

/** Of a table, only what belongs to the last attempt of each step. */
const lastAttempt = sql`join step s on s.run = r.run and s.name = r.step and s.attempt = r.attempt`
/**
 * The outcome in the newest run before that had the test, of the branch: what pull requests tried
 * is no history.
 */
const before = sql`left join lateral (select p.outcome from test_result p join step ps on ps.run = p.run and ps.name = p.step and
  ps.attempt = p.attempt join pipeline_run pb on pb.id = p.run and pb.pull_request is null where p.test = r.test and p.run < r.run order by p.run desc, p.number desc limit 1) b on true`
const isBad = sql`r.outcome in ('failed', 'errored')`
/** Was there a waiver for it at the end of its run. */
const isQuarantined = sql`exists (select 1 from waiver w join test wt on wt.app = w.app and w.kind = 'test'
  and w.subject = case when wt.suite = '' then wt.name else wt.suite || ' › ' || wt.name end
  where wt.id = r.test and w.created <= coalesce(pr.ended, now()) and coalesce(w.ended, w.until) > coalesce(pr.ended, now()))`
const isBroken = sql`(${isBad} and coalesce(b.outcome, 'passed') not in ('failed', 'errored'))`

export interface TestFilter {
  outcome?: TestResult['outcome'] | undefined
  step?: string | undefined
  limit: number
  offset: number
}

/** The tests of a run: those that changed to failed first, then failed ones, then the slowest. */
export async function listTests(
  db: Database,
  run: number,
  filter: TestFilter,
): Promise<TestResult[]> {
  return db.query<TestResult>(sql`with shown as (
      select r.test, r.run, r.number, r.step, r.outcome, r.seconds, r.file, r.message, b.outcome as before,
        ${isBad} and ${isQuarantined} as quarantined,
        row_number() over (order by ${isBroken} desc, ${isBad} desc, r.seconds desc nulls last, r.number) as place
      from test_result r ${lastAttempt} ${before} join pipeline_run pr on pr.id = r.run
      where r.run = ${run} and r.outcome = coalesce(${filter.outcome ?? null}::text, r.outcome)
        and r.step = coalesce(${filter.step ?? null}::text, r.step)
      order by place limit ${filter.limit} offset ${filter.offset})
    select step, t.suite, t.name, outcome, seconds, file, message, before, quarantined as "isQuarantined",
      json_build_object('commits', f.commits, 'of', f.of) as flaky
    from shown r join test t on t.id = r.test, lateral (
      select count(*) filter (where good and bad)::int as commits, count(*)::int as of from (
        select bool_or(p.outcome = 'passed') as good, bool_or(p.outcome in ('failed', 'errored') or p.retried) as bad
        from test_result p join pipeline_run pr on pr.id = p.run where p.test = r.test and p.run <= r.run
          and (pr.pull_request is null or p.run = r.run)
        group by pr.sha order by max(p.run) desc limit ${commitsLooked}) commit) f
    order by place`)
}

/** The tests of one attempt that failed, in the order of its reports. */
export async function failedTests(
  db: Database,
  run: number,
  step: string,
  attempt: number,
): Promise<{ suite: string; name: string; file: string | null }[]> {
  return db.query(sql`select t.suite, t.name, r.file from test_result r join test t on t.id = r.test
    where r.run = ${run} and r.step = ${step} and r.attempt = ${attempt} and r.outcome in ('failed', 'errored') order by r.number`)
}

/** Did any step of a run have a report that tells of a topic. */
async function hasReport(db: Database, run: number, topic: Topic): Promise<boolean> {
  const rows = await db.query(
    sql`select 1 from report r ${lastAttempt} where r.run = ${run} and ${topic} = any(r.tells) limit 1`,
  )
  return rows.length > 0
}

export async function countTests(db: Database, run: number): Promise<ReportSummary['tests']> {
  const rows = await db.query<
    NonNullable<ReportSummary['tests']>
  >(sql`select count(*)::int as total,
      count(*) filter (where r.outcome = 'passed')::int as passed, count(*) filter (where r.outcome = 'failed')::int as failed,
      count(*) filter (where r.outcome = 'errored')::int as errored, count(*) filter (where r.outcome = 'skipped')::int as skipped,
      count(*) filter (where ${isBroken})::int as broken, count(*) filter (where ${isBad} and ${isQuarantined})::int as quarantined,
      coalesce(sum(r.seconds), 0)::float8 as seconds
    from test_result r ${lastAttempt} ${before} join pipeline_run pr on pr.id = r.run where r.run = ${run}`)
  return (await hasReport(db, run, 'tests')) ? (rows[0] ?? null) : null
}

/**
 * A line that several steps report is missed only where all of them missed it. Null when there is
 * no report.
 */
export async function listCoverage(
  db: Database,
  run: number,
): Promise<{ file: string; known: number[]; missed: number[] }[] | null> {
  if (!(await hasReport(db, run, 'coverage'))) return null
  return db.query(sql`select file, array_agg(line order by line) as known, coalesce(array_agg(line order by line) filter (where missed), '{}') as missed
    from (select r.file, line, bool_and(line = any(r.missed)) as missed
      from coverage r ${lastAttempt}, unnest(r.lines) line where r.run = ${run} group by r.file, line) lines
    group by file order by file`)
}

/**
 * A bill of materials tells of vulnerabilities only when it has some: most tools that write one do
 * not look for them.
 */
async function hasFindings(db: Database, run: number): Promise<boolean> {
  if (await hasReport(db, run, 'findings')) return true
  const rows = await db.query(
    sql`select 1 from finding r ${lastAttempt} where r.run = ${run} limit 1`,
  )
  return rows.length > 0
}

/**
 * Those that the run of the last good release has not come first; what moved to another line is not
 * new. Null when there is no report. A run to compare with that has no report of findings tells
 * nothing.
 */
export async function listFindings(
  db: Database,
  run: number,
  base: number | null,
): Promise<Finding[] | null> {
  if (!(await hasFindings(db, run))) return null
  const isKnown = base !== null && (await hasFindings(db, base))
  return db.query<Finding>(sql`select r.step, r.tool, r.rule, r.level, r.severity, r.message, r.file, r.line,
      case when ${isKnown}::boolean then not exists (
        select 1 from finding p join step ps on ps.run = p.run and ps.name = p.step and ps.attempt = p.attempt
        where p.run = ${base}::bigint and p.tool = r.tool and p.rule = r.rule and p.file is not distinct from r.file and p.message = r.message) end as "isNew"
    from finding r ${lastAttempt} where r.run = ${run}
    order by "isNew" desc nulls last, array_position(array['error', 'warning', 'note'], r.level), r.file, r.line, r.number`)
}

/** Runs of the past whose measurements tell how much they vary. */
const runsLooked = 30

/** What is worse than in the run of the last good release comes first. Null when there is none. */
export async function listMeasurements(
  db: Database,
  run: number,
  base: number | null,
): Promise<Measurement[] | null> {
  type Row = ReportedMeasurement & { step: string }
  const columns = sql`r.step, r.name, r.unit, r.better, r.value,
    case when r.samples is null then null else json_build_object('deviation', r.deviation, 'samples', r.samples) end as spread`
  const [rows, bases, past] = await Promise.all([
    db.query<Row>(
      sql`select ${columns} from measurement r ${lastAttempt} where r.run = ${run} order by r.step, r.name`,
    ),
    db.query<Row>(
      sql`select ${columns} from measurement r ${lastAttempt} where r.run = ${base}::bigint`,
    ),
    db.query<{
      name: string
      history: number[]
    }>(sql`select r.name, array_agg(r.value order by r.run) as history
      from measurement r ${lastAttempt} where r.run in (
        select id from pipeline_run where app = (select app from pipeline_run where id = ${run}) and id < ${run}
          and pull_request is null order by id desc limit ${runsLooked})
      group by r.name`),
  ])
  if (rows.length === 0) return null
  const baseOf = new Map(bases.map((row) => [row.name, row]))
  const historyOf = new Map(past.map((row) => [row.name, row.history]))
  return rows
    .map((row) => {
      const before = baseOf.get(row.name)
      const worse = before ? compare(row, before, historyOf.get(row.name) ?? []) : null
      return { ...row, before: before?.value ?? null, worse }
    })
    .toSorted((a, b) => (b.worse?.low ?? -Infinity) - (a.worse?.low ?? -Infinity))
}

export async function listMaterials(
  db: Database,
  run: number,
): Promise<{ file: string; components: number; document: Record<string, unknown> }[]> {
  return db.query(
    sql`select r.file, r.components, r.document from material r ${lastAttempt} where r.run = ${run} order by r.file`,
  )
}

export async function countMaterials(
  db: Database,
  run: number,
): Promise<ReportSummary['materials']> {
  const rows = await db.query<{ components: number | null }>(
    sql`select sum(r.components)::int as components from material r ${lastAttempt} where r.run = ${run}`,
  )
  const components = rows[0]?.components
  return components === null || components === undefined ? null : { components }
}

/** Has an attempt reports that are still kept. */
export async function hasReports(db: Database, { run, step, attempt }: Attempt): Promise<boolean> {
  const rows = await db.query(
    sql`select 1 from report where run = ${run} and step = ${step} and attempt = ${attempt} limit 1`,
  )
  return rows.length > 0
}

/** Lets what the reports of one attempt say stand for another: its step was not run again. */
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

/**
 * How long the tests of an app took in its last runs before this one, by file or suite, in seconds.
 */
export async function pastTests(
  db: Database,
  app: string,
  before: number,
): Promise<{ file: string | null; suite: string; seconds: number }[]> {
  return db.query(sql`with latest as (
      select distinct on (r.test) r.test, r.file, r.seconds from test_result r join test t on t.id = r.test
      where t.app = ${app} and r.run < ${before} and r.seconds is not null
        and not exists (select from pipeline_run p where p.id = r.run and p.pull_request is not null) order by r.test, r.run desc)
    select l.file, t.suite, sum(l.seconds)::float8 as seconds from latest l join test t on t.id = l.test group by l.file, t.suite`)
}

/**
 * What of a run is kept for later attempts of the same step: the tests that the new attempt did not
 * run.
 */
export function carryTests({ run, step, attempt }: Attempt): Statement {
  return sql`insert into test_result (run, step, attempt, number, test, outcome, seconds, file, message, retried)
    select run, step, ${attempt}, 1000000 + row_number() over (order by number), test, outcome, seconds, file, message, retried
    from test_result r where run = ${run} and step = ${step} and attempt = ${attempt} - 1 and not exists (
      select 1 from test_result n where n.run = ${run} and n.step = ${step} and n.attempt = ${attempt} and n.test = r.test)
    on conflict do nothing`
}

/**
 * Reports of all but an app's newest runs are forgotten; pull requests push none of the branch out.
 */
export async function forgetReports(db: Database, kept: number): Promise<void> {
  for (const table of [
    sql`test_result`,
    sql`coverage`,
    sql`finding`,
    sql`measurement`,
    sql`material`,
    sql`report`,
  ])
    await db.query(sql`delete from ${table} where run in (select id from (
        select id, row_number() over (partition by app, pull_request is null order by id desc) as age
        from pipeline_run) aged where age > ${kept})`)
}
