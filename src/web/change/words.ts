import type { ChangedFile, ChangeReport, RunNumbers } from '#contract/change/change.ts'
import type { DiffLine } from '#contract/change/diff.ts'
import type { RunDetail } from '#contract/run/run.ts'
import type { TestResult } from '#contract/report/report.ts'
import { formatCount } from '../ui/number.ts'
import { isActive, type Badge, type RunState } from '../ui/state.ts'

export const gateBadges: Record<RunDetail['gates'][number]['state'], Badge> = {
  waiting: { tone: 'wait', word: 'Waiting' },
  passed: { tone: 'good', word: 'Passed' },
  failed: { tone: 'bad', word: 'Failed' },
  unknown: { tone: 'unknown', word: 'Unknown' },
  waived: { tone: 'warn', word: 'Waived' },
}

export const testBadges: Record<TestResult['outcome'], Badge> = {
  passed: { tone: 'good', word: 'Passed' },
  failed: { tone: 'bad', word: 'Failed' },
  errored: { tone: 'bad', word: 'Errored' },
  skipped: { tone: 'passed-over', word: 'Skipped' },
}

export const isBad = ({ outcome }: Pick<TestResult, 'outcome'>): boolean =>
  outcome === 'failed' || outcome === 'errored'

export const plural = (count: number, one: string, many = `${one}s`): string =>
  `${formatCount(count)} ${count === 1 ? one : many}`

/** The report in one sentence, including what was not checked. */
export function sumUp(
  { gates, numbers }: Pick<ChangeReport, 'gates' | 'numbers'>,
  run: { state: RunState },
): Badge {
  const stopping = gates.filter(({ stops }) => stops)
  const failing = failingOf(numbers)
  const wrong = [
    failing > 0 ? plural(failing, 'test fails', 'tests fail') : null,
    stopping.length > 0 ? `stopped by ${stopping.map(({ name }) => name).join(', ')}` : null,
  ].filter((one) => one !== null)
  if (wrong.length > 0) return { tone: 'bad', word: `${capital(wrong.join('; '))}.` }
  if (gates.length === 0 && isActive(run.state))
    return { tone: 'move', word: 'The steps are still running.' }
  const unknown = gates.filter(({ state }) => state === 'unknown').length
  const waived = gates.filter(({ state }) => state === 'waived').length
  const asked =
    gates.length === 0
      ? 'No gates are defined'
      : plural(gates.length - unknown - waived, 'gate passes', 'gates pass')
  const rest = [
    waived > 0 ? plural(waived, 'is waived', 'are waived') : null,
    unknown > 0 ? plural(unknown, 'has no baseline yet', 'have no baseline yet') : null,
    numbers.tests === null
      ? 'no step has a test report'
      : plural(numbers.tests.passed, 'test passes', 'tests pass'),
  ].filter((one) => one !== null)
  const isKnown = gates.length > 0 && numbers.tests !== null && unknown + waived === 0
  return { tone: isKnown ? 'good' : 'unknown', word: `${[asked, ...rest].join('; ')}.` }
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)

const failingOf = ({ tests }: RunNumbers): number =>
  tests === null ? 0 : tests.failed + tests.errored - tests.quarantined

/** A fraction in per cent, rounded down, such as `87.5 %`. */
export const share = (part: number, of: number): string =>
  of === 0 ? 'no lines' : `${Math.floor((part / of) * 1000) / 10} %`

/** The number of diff lines that are rendered initially. */
const initialLines = 600

/** The files whose diff is open initially: the first ones, up to a number of lines. */
export function initiallyOpen(
  files: Pick<ChangedFile, 'path' | 'status' | 'isCut' | 'hunks'>[],
): Set<string> {
  const open = new Set<string>()
  let lines = 0
  for (const { path, status, isCut, hunks } of files) {
    if (lines >= initialLines) break
    if (isCut || status === 'removed') continue
    open.add(path)
    lines += hunks.reduce((sum, hunk) => sum + hunk.lines.length, 0)
  }
  return open
}

/** Lines of a diff that are rendered together; the heading is that of a hunk which begins here. */
export interface DiffPart {
  heading: string | null
  lines: DiffLine[]
}

/** The most lines of a part. */
export const partLines = 600

/** The hunks of a diff in parts that a browser renders without a pause. */
export const partsOf = (hunks: ChangedFile['hunks']): DiffPart[] =>
  hunks.flatMap(({ heading, lines }) =>
    Array.from({ length: Math.max(1, Math.ceil(lines.length / partLines)) }, (_, index) => ({
      heading: index === 0 ? heading : null,
      lines: lines.slice(index * partLines, (index + 1) * partLines),
    })),
  )

/** The first parts that have at least so many lines together, or all. */
export function firstParts(parts: DiffPart[], lines: number): DiffPart[] {
  let sum = 0
  const next = parts.findIndex((part) => (sum += part.lines.length) >= lines)
  return next === -1 ? parts : parts.slice(0, next + 1)
}
