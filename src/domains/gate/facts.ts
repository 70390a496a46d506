import type { CodeReport, CodeSummary } from '#contract/change/code.ts'
import { type FactName, type MeasurementFact, measurementFact } from '#contract/gate/expression.ts'
import type { Finding, Measurement, ReportSummary } from '#contract/report/report.ts'

/** The numbers of a run that are stored and that later runs are compared with. */
export interface Numbers extends ReportSummary {
  code: CodeSummary | null
}

/** Everything that gates can query about a run. Null means that it was not measured. */
export interface RunFacts {
  numbers: Numbers
  findings: Finding[] | null
  measurements: Measurement[] | null
  code: CodeReport | null
  /** Why the code could not be measured; null when it was, or when the reason is not known. */
  codeProblem: string | null
  /** The last good release in production; null when there is none. */
  last: { run: number; numbers: Numbers | null } | null
  /** failed steps without their reports, and the topics of these; null for unknown topics */
  missing?: { step: string; topics: string[] | null }[]
  /** changed files of code that the coverage reports do not mention */
  unreported?: string[]
}

/** The facts in the vocabulary of contract/gate/expression.ts, without those that are null. */
export function expressionFacts(facts: RunFacts): Record<FactName | 'last', unknown> {
  const missing = unmeasuredOf(facts)
  return {
    ...numbersOf(facts.numbers),
    ...(missing.code === null ? {} : { code: undefined }),
    findings: facts.findings?.map(findingOf),
    measurements:
      facts.measurements &&
      new Map(facts.measurements.map((one) => [one.name, measurementOf(one)])),
    functions: (missing.functions === null ? facts.code : null)?.functions.map((one) => ({
      ...{ file: one.file, name: one.name, isChanged: one.isChanged },
      ...bigints({
        line: one.line,
        lines: one.end - one.line + 1,
        cyclomatic: one.cyclomatic,
        cognitive: one.cognitive,
      }),
      ...bigints({ parameters: one.parameters }),
      before: bigints({
        cyclomatic: one.before?.cyclomatic ?? 0,
        cognitive: one.before?.cognitive ?? 0,
      }),
    })),
    last: facts.last?.numbers ? formerNumbers(facts.last.numbers) : undefined,
  }
}

/** Numbers that are a share of nothing are not there to compare with. */
function formerNumbers({ tests, coverage, ...others }: Numbers) {
  return numbersOf({
    ...others,
    tests: tests?.total === 0 ? null : tests,
    coverage: coverage?.total.lines === 0 ? null : coverage,
  })
}

/** A share in percent under its name; without a whole there is no share, and no such field. */
const percent = <K extends string>(
  name: K,
  part: number,
  whole: number,
): Partial<Record<K, number>> =>
  (whole === 0 ? {} : { [name]: (part / whole) * 100 }) as Partial<Record<K, number>>

/** The covered share of the changed lines. A change without a line of code has nothing to cover. */
function changedShare({ changed, unreported = 0 }: NonNullable<Numbers['coverage']>) {
  if (changed === null || unreported > 0) return {}
  return changed.lines === 0 ? { changed: 100 } : percent('changed', changed.covered, changed.lines)
}

/**
 * Why facts about code are not complete; null when they are. What all code is like is unknown when
 * a file was skipped, and what the change did when it touched that file.
 */
export function unmeasuredOf({ code, codeProblem }: RunFacts): {
  code: string | null
  functions: string | null
} {
  const sentence = (one: { file: string; reason: string } | undefined): string | null =>
    one ? `${one.file} was not measured: the analysis of it ${one.reason}` : null
  return {
    code: codeProblem ?? sentence(code?.unmeasured[0]),
    functions: codeProblem ?? sentence(code?.unmeasured.find(({ isTouched }) => isTouched)),
  }
}

const bigints = <K extends string>(numbers: Record<K, number>): Record<K, bigint> =>
  Object.fromEntries(
    Object.entries<number>(numbers).map(([key, value]) => [key, BigInt(value)]),
  ) as Record<K, bigint>

function numbersOf({ tests, coverage, materials, code }: Numbers) {
  return {
    tests: tests && testsOf(tests),
    coverage: coverage && {
      ...percent('total', coverage.total.covered, coverage.total.lines),
      ...changedShare(coverage),
      ...(coverage.changed ? bigints({ changedLines: coverage.changed.lines }) : {}),
      ...bigints({ lines: coverage.total.lines, unreported: coverage.unreported ?? 0 }),
    },
    materials: materials && bigints(materials),
    code: code && {
      ...bigints({
        files: code.files,
        lines: code.code,
        functions: code.functions,
        highest: code.highest,
      }),
      ...bigints({ complex: code.complex, duplicated: code.duplicated }),
      ...percent('duplication', code.duplicated, code.code),
    },
  }
}

function testsOf({ seconds, errored, ...counts }: NonNullable<Numbers['tests']>) {
  return { ...bigints({ ...counts, failed: counts.failed + errored }), seconds }
}

const findingOf = (one: Finding) => ({
  ...{
    tool: one.tool,
    rule: one.rule,
    level: one.level,
    severity: one.severity ?? '',
    message: one.message,
  },
  ...{ file: one.file ?? '', line: BigInt(one.line ?? 0), isNew: one.isNew ?? true },
})

function measurementOf({ value, unit, before, worse }: Measurement): MeasurementFact {
  return measurementFact({
    ...{ value, unit },
    ...(before === null ? {} : { before }),
    ...(worse === null ? {} : { change: worse.percent }),
    ...(worse === null || worse.low === null ? {} : { worse: worse.low }),
  })
}
