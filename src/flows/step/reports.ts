import { readInProcess, type ReaderMessage } from '#domains/report/reader-client.ts'
import { type TestCase, testName } from '#domains/report/report.ts'
import * as store from '#domains/report/store.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import type { Limits } from '#platform/process/limited.ts'
import { createMask, hideIn, type Mask } from '#platform/secret/mask.ts'
import type { Statement } from '#platform/postgres/sql.ts'

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
  /** how much time and memory the reports may take */
  limits?: Limits
  signal?: AbortSignal
}

export interface ReportsResult {
  /** why the reports cannot be used; null when they can */
  problem: string | null
  total: number
  /** whether a report is one of tests, even one without any */
  hasTests: boolean
  /** without quarantined tests */
  failed: number
  /** failed tests that are quarantined */
  quarantined: number
  /** the first failed tests */
  names: string[]
  /** patterns that match no report of this attempt, while others do */
  unmatched: string[]
  /** what is unknown, in one sentence each */
  notes: string[]
}

interface Keep {
  db: Database
  attempt: store.Attempt
  listFiles: () => Promise<string[]>
}

/**
 * Reads the reports that a step wrote and stores their content, or only counts when `keep` is null.
 * Content is stored for the attempt, so that a crash in between leaves nothing that counts.
 * `listFiles` returns the paths of the repository, to which the paths of reports are matched.
 */
export async function readReports(
  request: ReportsRequest,
  keep: Keep | null,
): Promise<ReportsResult> {
  const result: ReportsResult = {
    ...{ problem: null, total: 0, hasTests: false, failed: 0, quarantined: 0 },
    ...{ names: [], unmatched: [], notes: [] },
  }
  const { patterns, folder, workspace, since, limits, signal } = request
  const mask = createMask(request.masks)
  const statementsOf = keep && createStatements(keep.attempt)
  const failure = await readInProcess(
    { patterns, folder, workspace, since, files: keep ? await keep.listFiles() : [] },
    async (message) => {
      const hidden = masked(mask, message)
      if (hidden.kind === 'unmatched') result.unmatched.push(hidden.pattern)
      if (hidden.kind === 'problem') result.problem ??= hidden.sentence
      if (hidden.kind === 'note') result.notes.push(hidden.sentence)
      if (hidden.kind === 'end') result.hasTests ||= hidden.format.topics.includes('tests')
      if (hidden.kind === 'tests') for (const one of hidden.tests) count(result, request, one)
      const statements = statementsOf?.(hidden) ?? []
      if (statements.length > 0) await keep?.db.batch(statements)
    },
    { ...(limits ? { limits } : {}), ...(signal ? { signal } : {}) },
  )
  result.problem ??= failure === null ? null : mask.apply(failure)
  return result
}

function count(result: ReportsResult, { quarantined }: ReportsRequest, test: TestCase): void {
  result.total += 1
  if (test.outcome !== 'failed' && test.outcome !== 'errored') return
  if (quarantined.has(testName(test))) return void (result.quarantined += 1)
  result.failed += 1
  if (result.names.length < namedTests) result.names.push(test.name)
}

/** Creates the function that stores a message; entries are numbered in their order. */
function createStatements(attempt: store.Attempt): (message: ReaderMessage) => Statement[] {
  let tests = 0
  let findings = 0
  return (message) => {
    switch (message.kind) {
      case 'tests':
        tests += message.tests.length
        return store.insertTests(attempt, tests - message.tests.length, message.tests)
      case 'findings': {
        findings += message.findings.length
        const first = findings - message.findings.length
        return [store.insertFindings(attempt, first, message.findings)]
      }
      case 'measurements':
        return store.insertMeasurements(attempt, message.measurements)
      case 'coverage':
        return [store.insertCoverage(attempt, message)]
      case 'material':
        return [store.insertMaterial(attempt, message.file, message.bill)]
      case 'end':
        return [store.insertReport(attempt, message.file, message.format)]
      default:
        return []
    }
  }
}

/** Masks secrets as in a log: messages of failed tests contain the values that were compared. */
function masked(mask: Mask, message: ReaderMessage): ReaderMessage {
  // The numbers of lines are many, and hide nothing.
  return message.kind === 'coverage' ? message : (hideIn(mask, message) as ReaderMessage)
}

/**
 * The result of a step by its reports. A command that passed fails when tests failed or a report is
 * missing or damaged. Reports without a test are unknown: the step passes, but no gate on tests
 * does. A command that exited with an error passes when all failed tests are
 * quarantined.
 */
export function withReports(
  step: { passed: boolean; exitCode: number | null; reason: string | null },
  { problem, total, hasTests, failed, quarantined, names, notes }: ReportsResult,
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
  const empty = hasTests && total === 0 && problem === null ? 'its reports contain no test' : null
  const reasons = [step.reason, tests, wrong, empty, notes[0] ?? null].filter((one) => one !== null)
  return {
    passed: step.passed && tests === null && wrong === null,
    reason: reasons.length === 0 ? null : reasons.join('; '),
  }
}
