import type { CodeReport } from '#contract/change/code.ts'
import type { Run } from '#contract/run/run.ts'
import type { FileCoverage, Finding, Measurement } from '#contract/report/report.ts'
import { lastGood, listEnvironments } from '#domains/deployment/store.ts'
import type { Known, Numbers } from '#domains/gate/facts.ts'
import { getCode, getSummary } from '#domains/gate/store.ts'
import { coverageOf, sumOf } from '#domains/report/coverage.ts'
import * as reports from '#domains/report/store.ts'
import { diff, touchedLines } from '#platform/git/diff.ts'
import type { Database } from '#platform/postgres/postgres.ts'

/**
 * The last good release in production, which a run is compared with. Both are null while there is
 * none.
 */
export interface Base {
  run: number | null
  sha: string | null
}

/** What the knowledge of a run is gathered from. */
export interface Sources {
  db: Database
  source: { bareOf(app: string): string }
}

type KnownRun = Pick<Run, 'id' | 'app'> & { change: Pick<Run['change'], 'sha' | 'base'> }

/** What was decided when the gates were asked stays; before that, it is what production has now. */
export async function baseOf(db: Database, run: KnownRun): Promise<Base> {
  const summary = await getSummary(db, run.id)
  if (summary) return summary.base
  const environments = await listEnvironments(db, run.app)
  const production = environments.at(-1)
  if (!production) return { run: null, sha: null }
  const of = { app: run.app, environment: production.name, sha: run.change.sha, before: run.id }
  return (await lastGood(db, of)) ?? { run: null, sha: null }
}

/**
 * Coverage of all files of a run, and of the lines that differ from the last good release. Null
 * when there is no report.
 */
export async function coverageOfRun(
  sources: Sources,
  run: KnownRun,
  base: Base,
): Promise<FileCoverage[] | null> {
  const files = await reports.listCoverage(sources.db, run.id)
  if (!files) return null
  const found = await diff(
    sources.source.bareOf(run.app),
    base.sha ?? run.change.base,
    run.change.sha,
  )
  return coverageOf(files, found && touchedLines(found))
}

/** Everything that is known of a run. */
export interface KnownOfRun extends Known {
  base: Base
  coverage: FileCoverage[] | null
}

export async function knowRun(sources: Sources, run: KnownRun): Promise<KnownOfRun> {
  const { db } = sources
  const base = await baseOf(db, run)
  const [tests, coverage, findings, measurements, materials, code, before] = await Promise.all([
    reports.countTests(db, run.id),
    coverageOfRun(sources, run, base),
    reports.listFindings(db, run.id, base.run),
    reports.listMeasurements(db, run.id, base.run),
    reports.countMaterials(db, run.id),
    getCode(db, run.id),
    base.run === null ? null : getSummary(db, base.run),
  ])
  const numbers: Numbers = {
    tests,
    coverage: coverage && sumOf(coverage),
    findings: findings && countFindings(findings),
    measurements: measurements && countMeasurements(measurements),
    materials,
    code: code?.summary ?? null,
  }
  const last =
    base.run === null ? null : { run: base.run, numbers: withCode(before?.numbers ?? null, code) }
  return { numbers, findings, measurements, code, last, base, coverage }
}

/** The code before is measured with the code now, also when the release before never was. */
function withCode(numbers: Numbers | null, code: CodeReport | null): Numbers | null {
  const nothing = {
    tests: null,
    coverage: null,
    findings: null,
    measurements: null,
    materials: null,
    code: null,
  }
  return code?.before ? { ...(numbers ?? nothing), code: code.before } : numbers
}

function countFindings(findings: Finding[]): Numbers['findings'] {
  const count = (of: Finding[]) => {
    const level = (name: string): number => of.filter((one) => one.level === name).length
    return { error: level('error'), warning: level('warning'), note: level('note') }
  }
  const isCompared = findings.every(({ isNew }) => isNew !== null)
  return {
    ...count(findings),
    fresh: isCompared ? count(findings.filter(({ isNew }) => isNew === true)) : null,
  }
}

const countMeasurements = (measurements: Measurement[]): Numbers['measurements'] => ({
  total: measurements.length,
  worse: measurements.filter(({ worse }) => (worse?.low ?? 0) > 0).length,
})
