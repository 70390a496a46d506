import type { Finding, Measurement, ReportSummary, TestResult } from '#contract/report/report.ts'
import { compare } from '#domains/report/noise.ts'
import type { ReportedMeasurement, Topic } from '#domains/report/report.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { sql } from '#platform/postgres/sql.ts'

/** Restricts the rows `r` of a report table to the last attempt of each step. */
const lastAttempt = sql`join step s on s.run = r.run and s.name = r.step and s.attempt = r.attempt`
/** Joins `b`: the outcome of the test in the newest earlier run of the branch that had it. */
const before = sql`left join lateral (
    select p.outcome from test_result p
    join step ps on ps.run = p.run and ps.name = p.step and ps.attempt = p.attempt
    join pipeline_run pb on pb.id = p.run and pb.pull_request is null
    where p.test = r.test and p.run < r.run order by p.run desc, p.number desc limit 1) b on true`
const isBad = sql`r.outcome in ('failed', 'errored')`
/** Whether a waiver for the test was active when its run ended. */
const isQuarantined = sql`exists (
    select 1 from waiver w join test wt on wt.app = w.app and w.kind = 'test'
      and w.subject = case when wt.suite = '' then wt.name else wt.suite || ' › ' || wt.name end
    where wt.id = r.test and w.created <= coalesce(pr.ended, now())
      and coalesce(w.ended, w.until) > coalesce(pr.ended, now()))`
const isBroken = sql`(${isBad} and coalesce(b.outcome, 'passed') not in ('failed', 'errored'))`

/** Newest commits whose results decide whether a test is flaky. */
const flakyCommits = 50

/**
 * The commits and steps that had a test `r`. It is flaky when one attempt of a step passed it and
 * another one did not. A name that occurs twice in a report fails when one of the tests fails.
 */
const flakySteps = sql`
  select sha, max(run) as run, bool_or(good) and bool_or(bad) or bool_or(retried) as flaky
  from (
    select pr.sha, p.run, p.step, bool_or(p.retried) as retried,
      bool_or(p.outcome in ('failed', 'errored')) as bad,
      bool_or(p.outcome = 'passed') and not bool_or(p.outcome in ('failed', 'errored')) as good
    from test_result p join pipeline_run pr on pr.id = p.run
    where p.test = r.test and p.run <= r.run and (pr.pull_request is null or p.run = r.run)
    group by pr.sha, p.run, p.step, p.attempt) attempt
  group by sha, step`

/** Earlier runs whose measurements show how much a value varies. */
const noiseRuns = 30

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
      select r.test, r.run, r.number, r.step, r.outcome, r.seconds, r.file, r.message,
        b.outcome as before, ${isBad} and ${isQuarantined} as quarantined,
        row_number() over (
          order by ${isBroken} desc, ${isBad} desc, r.seconds desc nulls last, r.number) as place
      from test_result r ${lastAttempt} ${before} join pipeline_run pr on pr.id = r.run
      where r.run = ${run} and r.outcome = coalesce(${filter.outcome ?? null}::text, r.outcome)
        and r.step = coalesce(${filter.step ?? null}::text, r.step)
      order by place limit ${filter.limit} offset ${filter.offset})
    select step, t.suite, t.name, outcome, seconds, file, message, before,
      quarantined as "isQuarantined",
      json_build_object('commits', f.commits, 'of', f.of) as flaky
    from shown r join test t on t.id = r.test, lateral (
      select count(*) filter (where flaky)::int as commits, count(*)::int as of from (
        select bool_or(flaky) as flaky from (${flakySteps}) step
        group by sha order by max(run) desc limit ${flakyCommits}) commit) f
    order by place`)
}

/** Whether a step of a run has a report about a topic. */
async function hasReport(db: Database, run: number, topic: Topic): Promise<boolean> {
  const rows = await db.query(
    sql`select 1 from report r ${lastAttempt}
      where r.run = ${run} and ${topic} = any(r.tells) limit 1`,
  )
  return rows.length > 0
}

/** Counts the tests of a run; null when its valid reports contain none. */
export async function countTests(db: Database, run: number): Promise<ReportSummary['tests']> {
  const rows = await db.query<
    NonNullable<ReportSummary['tests']>
  >(sql`select count(*)::int as total,
      count(*) filter (where r.outcome = 'passed')::int as passed,
      count(*) filter (where r.outcome = 'failed')::int as failed,
      count(*) filter (where r.outcome = 'errored')::int as errored,
      count(*) filter (where r.outcome = 'skipped')::int as skipped,
      count(*) filter (where ${isBroken})::int as broken,
      count(*) filter (where ${isBad} and ${isQuarantined})::int as quarantined,
      coalesce(sum(r.seconds), 0)::float8 as seconds
    from test_result r ${lastAttempt} ${before} join pipeline_run pr on pr.id = r.run
    where r.run = ${run}`)
  const [counts] = rows
  return counts && counts.total > 0 && (await hasReport(db, run, 'tests')) ? counts : null
}

/**
 * The coverage of each file; null when no valid report has a line of a file of the repository. A
 * line counts as missed when every step that reports it missed it.
 */
export async function listCoverage(
  db: Database,
  run: number,
): Promise<{ file: string; known: number[]; missed: number[] }[] | null> {
  const files = await db.query<{
    file: string
    known: number[]
    missed: number[]
  }>(sql`select file, array_agg(line order by line) as known,
      coalesce(array_agg(line order by line) filter (where missed), '{}') as missed
    from (select r.file, line, bool_and(line = any(r.missed)) as missed
      from coverage r ${lastAttempt}, unnest(r.lines) line
      where r.run = ${run} group by r.file, line) lines
    group by file order by file`)
  return files.length > 0 && (await hasReport(db, run, 'coverage')) ? files : null
}

/**
 * Whether a run has a report of findings. A bill of materials counts only when it lists a
 * vulnerability, because most tools that write one do not search for vulnerabilities.
 */
async function hasFindings(db: Database, run: number): Promise<boolean> {
  if (await hasReport(db, run, 'findings')) return true
  const rows = await db.query(
    sql`select 1 from finding r ${lastAttempt} where r.run = ${run} limit 1`,
  )
  return rows.length > 0
}

/**
 * The findings of a run, new ones first; null without a report. A finding is new when the run
 * `base` of the last good release does not have it on any line; unknown when `base` has no report.
 */
export async function listFindings(
  db: Database,
  run: number,
  base: number | null,
): Promise<Finding[] | null> {
  if (!(await hasFindings(db, run))) return null
  const isKnown = base !== null && (await hasFindings(db, base))
  return db.query<Finding>(sql`select r.step, r.tool, r.rule, r.level, r.severity, r.message,
      r.file, r.line,
      case when ${isKnown}::boolean then not exists (
        select 1 from finding p
        join step ps on ps.run = p.run and ps.name = p.step and ps.attempt = p.attempt
        where p.run = ${base}::bigint and p.tool = r.tool and p.rule = r.rule
          and p.file is not distinct from r.file and p.message = r.message) end as "isNew"
    from finding r ${lastAttempt} where r.run = ${run}
    order by "isNew" desc nulls last,
      array_position(array['error', 'warning', 'note'], r.level), r.file, r.line, r.number`)
}

/**
 * The measurements of a run, those that became worse than in the run `base` first; null without
 * any.
 */
export async function listMeasurements(
  db: Database,
  run: number,
  base: number | null,
): Promise<Measurement[] | null> {
  type Row = ReportedMeasurement & { step: string }
  const columns = sql`r.step, r.name, r.unit, r.better, r.value,
    case when r.samples is not null then
      json_build_object('deviation', r.deviation, 'samples', r.samples) end as spread`
  const [rows, bases, past] = await Promise.all([
    db.query<Row>(
      sql`select ${columns} from measurement r ${lastAttempt} where r.run = ${run}
        order by r.step, r.name`,
    ),
    db.query<Row>(
      sql`select ${columns} from measurement r ${lastAttempt} where r.run = ${base}::bigint`,
    ),
    db.query<{
      name: string
      history: number[]
    }>(sql`select r.name, array_agg(r.value order by r.run) as history
      from measurement r ${lastAttempt} where r.run in (
        select id from pipeline_run
        where app = (select app from pipeline_run where id = ${run}) and id < ${run}
          and pull_request is null order by id desc limit ${noiseRuns})
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

/**
 * The failed steps of a run whose reports are missing, with the topics that their reports had in
 * the last run that has them; null when there is none. Only optional steps can fail in a run whose
 * gates are evaluated.
 */
export async function missingReports(
  db: Database,
  run: number,
): Promise<{ step: string; topics: string[] | null }[]> {
  const rows = await db.query<{ step: string; now: string[]; before: string[] | null }>(sql`
    select s.name as step,
      array(select distinct unnest(p.tells) from report p
        where p.run = s.run and p.step = s.name and p.attempt = s.attempt) as now,
      (select array_agg(distinct t) from report p, unnest(p.tells) t
        where p.step = s.name and p.run = (
          select max(o.run) from report o join pipeline_run e on e.id = o.run
          where o.step = s.name and e.app = r.app and o.run < r.id)) as before
    from step s join pipeline_run r on r.id = s.run
    where s.run = ${run} and s.state = 'failed'
      and json_array_length(r.definition -> 'steps' -> s.name -> 'reports') > 0
    order by s.position`)
  return rows
    .map(({ step, now, before }) => {
      const topics = before?.filter((topic) => !now.includes(topic)) ?? null
      return { step, topics: topics === null && now.length > 0 ? [] : topics }
    })
    .filter(({ topics }) => topics === null || topics.length > 0)
}

export async function listMaterials(
  db: Database,
  run: number,
): Promise<{ file: string; components: number; document: Record<string, unknown> }[]> {
  return db.query(
    sql`select r.file, r.components, r.document from material r ${lastAttempt}
      where r.run = ${run} order by r.file`,
  )
}

export async function countMaterials(
  db: Database,
  run: number,
): Promise<ReportSummary['materials']> {
  const rows = await db.query<{ components: number | null }>(
    sql`select sum(r.components)::int as components from material r ${lastAttempt}
      where r.run = ${run}`,
  )
  const components = rows[0]?.components
  return components === null || components === undefined ? null : { components }
}

/** The seconds that the tests of each file or suite took when they last ran before a run. */
export async function pastTests(
  db: Database,
  app: string,
  before: number,
): Promise<{ file: string | null; suite: string; seconds: number }[]> {
  return db.query(sql`with latest as (
      select distinct on (r.test) r.test, r.file, r.seconds
      from test_result r join test t on t.id = r.test
      where t.app = ${app} and r.run < ${before} and r.seconds is not null and not exists (
        select from pipeline_run p where p.id = r.run and p.pull_request is not null)
      order by r.test, r.run desc)
    select l.file, t.suite, sum(l.seconds)::float8 as seconds
    from latest l join test t on t.id = l.test group by l.file, t.suite`)
}

/**
 * Runs whose reports are no longer kept: all but the newest `kept` of the branch of an app, and of
 * its pull requests.
 */
export async function runsWithOldReports(db: Database, kept: number): Promise<number[]> {
  const rows = await db.query<{ id: number }>(sql`select id from (
      select id, row_number() over (partition by app, pull_request is null order by id desc) as age
      from pipeline_run) numbered
    where age > ${kept} and exists (select from report where report.run = numbered.id)
    limit 1000`)
  return rows.map(({ id }) => id)
}
