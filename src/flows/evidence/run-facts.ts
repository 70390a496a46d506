import type { CodeReport } from '#contract/change/code.ts'
import type { Run } from '#contract/run/run.ts'
import type { FileCoverage, Finding, Measurement } from '#contract/report/report.ts'
import { lastGood, listEnvironments } from '#domains/deployment/store.ts'
import type { Numbers, RunFacts } from '#domains/gate/facts.ts'
import { getCode, getSummary } from '#domains/gate/store.ts'
import { coverageOf, sumOf, unreportedFiles } from '#domains/report/coverage.ts'
import { diff, touchedLines } from '#platform/git/diff.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import {
  countMaterials,
  countTests,
  listCoverage,
  listFindings,
  listMeasurements,
  missingReports,
} from '#views/report.ts'

/** The last good release in production, the base of comparisons. Both are null without one. */
export interface Base {
  run: number | null
  sha: string | null
}

/** Where the facts of a run come from. */
export interface FactSources {
  db: Database
  source: { bareOf(app: string): string }
}

type RunReference = Pick<Run, 'id' | 'app'> & { change: Pick<Run['change'], 'sha' | 'base'> }

/** The base recorded when the gates were evaluated; before that, what production has now. */
export async function baseOf(db: Database, run: RunReference): Promise<Base> {
  const summary = await getSummary(db, run.id)
  if (summary) return summary.base
  const environments = await listEnvironments(db, run.app)
  const production = environments.at(-1)
  if (!production) return { run: null, sha: null }
  const scope = { app: run.app, environment: production.name, sha: run.change.sha, before: run.id }
  return (await lastGood(db, scope)) ?? { run: null, sha: null }
}

/** Coverage of a run, and the changed code that its reports do not mention. */
interface RunCoverage {
  files: FileCoverage[]
  unreported: { file: string; lines: number }[]
}

/**
 * Coverage of all files of a run and of the lines that differ from the last good release; null
 * without a report.
 */
export async function coverageOfRun(
  sources: FactSources,
  run: RunReference,
  base: Base,
): Promise<RunCoverage | null> {
  const files = await listCoverage(sources.db, run.id)
  if (!files) return null
  const found = await diff(
    sources.source.bareOf(run.app),
    base.sha ?? run.change.base,
    run.change.sha,
  )
  return {
    files: coverageOf(files, found && touchedLines(found)),
    unreported: unreportedFiles(
      files.map(({ file }) => file),
      found ?? [],
    ),
  }
}

/** The facts of a run with the base that they are compared with. */
export interface ComparedRunFacts extends RunFacts {
  base: Base
  coverage: FileCoverage[] | null
}

export async function gatherRunFacts(
  sources: FactSources,
  run: RunReference,
): Promise<ComparedRunFacts> {
  const { db } = sources
  const base = await baseOf(db, run)
  const [tests, covered, findings, measurements, materials, measured, before, missing] =
    await Promise.all([
      countTests(db, run.id),
      coverageOfRun(sources, run, base),
      listFindings(db, run.id, base.run),
      listMeasurements(db, run.id, base.run),
      countMaterials(db, run.id),
      getCode(db, run.id),
      base.run === null ? null : getSummary(db, base.run),
      missingReports(db, run.id),
    ])
  const { report: code, problem: codeProblem } = measured
  const numbers: Numbers = {
    tests,
    coverage: covered && {
      ...sumOf(covered.files),
      unreported: covered.unreported.reduce((sum, { lines }) => sum + lines, 0),
    },
    findings: findings && countFindings(findings),
    measurements: measurements && countMeasurements(measurements),
    materials,
    code: code?.summary ?? null,
  }
  const last =
    base.run === null ? null : { run: base.run, numbers: withCode(before?.numbers ?? null, code) }
  return {
    ...{ numbers, findings, measurements, code, codeProblem, last, base, missing },
    coverage: covered?.files ?? null,
    unreported: covered?.unreported.map(({ file }) => file) ?? [],
  }
}

/** The inspector measures the base commit too, so its numbers exist even for unmeasured releases. */
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
  const count = (some: Finding[]) => {
    const level = (name: string): number => some.filter((one) => one.level === name).length
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
