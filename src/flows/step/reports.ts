import { findReports, readReport, reportName } from '#domains/report/read.ts'
import { createPaths, type FindPath } from '#domains/report/paths.ts'
import {
  type BillOfMaterials,
  type ReportedFinding,
  type LineCoverage,
  type ReportedMeasurement,
  ReportProblem,
  type Sink,
  type TestCase,
  testName,
} from '#domains/report/report.ts'
import * as store from '#domains/report/store.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { createMask, hideIn, type Mask } from '#platform/secret/mask.ts'
import type { Statement } from '#platform/postgres/sql.ts'

/** Tests per write. */
const batchSize = 2000
/** Maximum number of lines of coverage per step. */
const maxLines = 10_000_000
/** Number of failed tests that a reason names. */
const namedTests = 3

export interface ReportsRequest {
  /** patterns, relative to `folder` */
  patterns: string[]
  folder: string
  workspace: string
  /** start of the attempt, by the clock of the file system (`fileTime`) */
  since: number
  /** names of quarantined tests, whose failure fails nothing */
  quarantined: Set<string>
  /** secrets to mask in stored values and reasons */
  masks: string[]
}

export interface ReportsResult {
  /** why the reports cannot be used; null when they can */
  problem: string | null
  total: number
  /** without quarantined tests */
  failed: number
  /** failed tests that are quarantined */
  quarantined: number
  /** the first failed tests */
  names: string[]
}

/**
 * Reads the reports that a step wrote and stores their content, or only counts when `keep` is null.
 * Content is stored for the attempt, so that a crash in between leaves nothing that counts.
 * `listFiles` returns the paths of the repository, to which the paths of reports are matched.
 */
export async function readReports(
  request: ReportsRequest,
  keep: { db: Database; attempt: store.Attempt; listFiles: () => Promise<string[]> } | null,
): Promise<ReportsResult> {
  const result: ReportsResult = { problem: null, total: 0, failed: 0, quarantined: 0, names: [] }
  const hits = new Map<string, LineCoverage>()
  const problems: ReportedFinding[] = []
  const measured: ReportedMeasurement[] = []
  const materials: BillOfMaterials[] = []
  let tests: TestCase[] = []
  let kept = 0
  let lines = 0
  const send = async (statements: Statement[]): Promise<void> => {
    if (keep && statements.length > 0) await keep.db.batch(statements)
  }
  const flush = async (least: number): Promise<void> => {
    if (tests.length < least || tests.length === 0) return
    const batch = tests
    tests = []
    if (keep) await send(store.insertTests(keep.attempt, kept, batch))
    kept += batch.length
  }
  const mask = createMask(request.masks)
  const sink: Sink = maskedSink(mask, {
    test: (test) => {
      tests.push(test)
      result.total += 1
      if (test.outcome !== 'failed' && test.outcome !== 'errored') return
      if (request.quarantined.has(testName(test))) return void (result.quarantined += 1)
      result.failed += 1
      if (result.names.length < namedTests) result.names.push(test.name)
    },
    coverage: (one) => {
      const key = [one.file, ...(one.folders ?? [])].join('\n')
      const sums = hits.get(key) ?? { ...one, hits: new Map<number, number>() }
      for (const [line, count] of one.hits) sums.hits.set(line, (sums.hits.get(line) ?? 0) + count)
      hits.set(key, sums)
      lines += one.hits.size
      if (lines > maxLines)
        throw new ReportProblem(
          'has, with those before it, more lines of coverage than ten million',
        )
    },
    finding: (one) => void problems.push(one),
    measurement: (one) => void measured.push(one),
    materials: (one) => void materials.push(one),
  })
  try {
    const files = await findReports(request.folder, request.patterns, request)
    if (files.length === 0)
      throw new ReportProblem(`matches ${request.patterns.map((one) => `\`${one}\``).join(', ')}`)
    let first: { error: ReportProblem; file: string } | null = null
    for (const file of files) {
      const name = reportName(request.workspace, file)
      const format = await readReport(file, sink, () => flush(batchSize)).catch(
        (error: unknown) => {
          if (!(error instanceof ReportProblem)) throw error
          first ??= { error, file: name }
          return null
        },
      )
      if (!keep || format === null) continue
      await send([
        store.insertReport(keep.attempt, name, format),
        ...materials.splice(0).map((one) => store.insertMaterial(keep.attempt, name, one)),
      ])
    }
    await flush(1)
    if (keep) {
      const isNeeded = hits.size > 0 || problems.length > 0
      const pathOf = createPaths(isNeeded ? await keep.listFiles() : [], [request.workspace])
      await send(store.insertCoverage(keep.attempt, byPath(hits.values(), pathOf)))
      await send(store.insertMeasurements(keep.attempt, measured))
      const placed = problems.map((one) => ({
        ...one,
        file: one.file === null ? null : (pathOf(one.file) ?? one.file),
      }))
      if (placed.length > 0) await send([store.insertFindings(keep.attempt, placed)])
    }
    if (first) result.problem = problemOf(first)
  } catch (error) {
    if (!(error instanceof ReportProblem)) throw error
    result.problem = `${error.message.startsWith('matches ') ? 'no' : 'a'} report ${error.message}`
  }
  if (result.problem !== null) result.problem = mask.apply(result.problem)
  return result
}

/** Masks secrets as in a log: messages of failed tests contain the values that were compared. */
function maskedSink(mask: Mask, sink: Sink): Sink {
  const hidden = <T>(value: T): T => hideIn(mask, value) as T
  return {
    test: (one) => sink.test(hidden(one)),
    coverage: (one) => sink.coverage(one),
    finding: (one) => sink.finding(hidden(one)),
    measurement: (one) => sink.measurement({ ...one, name: hidden(one.name) }),
    materials: (one) => sink.materials(hidden(one)),
  }
}

const problemOf = ({ error, file }: { error: ReportProblem; file: string }): string =>
  `the report ${file} ${error.message}${error.line === null ? '' : ` (line ${error.line})`}`

/** Sums hits by path; omits files that are not in the repository, such as libraries. */
function byPath(hits: Iterable<LineCoverage>, pathOf: FindPath) {
  const sums = new Map<string, Map<number, number>>()
  for (const one of hits) {
    const path = pathOf(one.file, one.folders)
    if (path === null) continue
    const all = sums.get(path) ?? new Map<number, number>()
    for (const [line, count] of one.hits) all.set(line, (all.get(line) ?? 0) + count)
    sums.set(path, all)
  }
  return sums
}

/**
 * The result of a step by its reports. A command that passed fails when tests failed or a report is
 * missing or damaged. A command that exited with an error passes when all failed tests are
 * quarantined.
 */
export function withReports(
  step: { passed: boolean; exitCode: number | null; reason: string | null },
  { problem, total, failed, quarantined, names }: ReportsResult,
): { passed: boolean; reason: string | null } {
  const more = failed > names.length ? `, and ${failed - names.length} more` : ''
  const tests = failed > 0 ? `${failed} of ${total} tests failed: ${names.join(', ')}${more}` : null
  if (
    quarantined > 0 &&
    failed === 0 &&
    problem === null &&
    (step.passed || (step.exitCode ?? 0) > 0)
  )
    return {
      passed: true,
      reason:
        `${quarantined} of ${total} tests failed, ` +
        `and ${quarantined === 1 ? 'is' : 'are'} quarantined`,
    }
  // A command that failed may have ended before it wrote its reports.
  const wrong = step.passed || !problem?.startsWith('no report') ? problem : null
  const reasons = [step.reason, tests, wrong].filter((one) => one !== null)
  return {
    passed: step.passed && tests === null && wrong === null,
    reason: reasons.length === 0 ? null : reasons.join('; '),
  }
}
