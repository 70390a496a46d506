import type { CodeReport, CodeSummary } from '#contract/change/code.ts'
import { type FactName, type MeasurementFact, measurementFact } from '#contract/gate/expression.ts'
import type { Finding, Measurement, ReportSummary } from '#contract/report/report.ts'

/**
 * What is known of a run in numbers: what is kept of it, and what the next ones are compared with.
 */
export interface Numbers extends ReportSummary {
  code: CodeSummary | null
}

/** All that gates can ask of a run. Null is what nobody looked at. */
export interface Known {
  numbers: Numbers
  findings: Finding[] | null
  measurements: Measurement[] | null
  code: CodeReport | null
  /** the last good release in production; null when there is none */
  last: { run: number; numbers: Numbers | null } | null
}

/** In the words of `contract/expression.ts`. What is null is left out. */
export function factsOf(known: Known): Record<FactName | 'last', unknown> {
  return {
    ...numbersOf(known.numbers),
    findings: known.findings?.map(findingOf),
    measurements:
      known.measurements &&
      new Map(known.measurements.map((one) => [one.name, measurementOf(one)])),
    functions: known.code?.functions.map((one) => ({
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
    last: known.last?.numbers ? numbersOf(known.last.numbers) : undefined,
  }
}

const percent = (part: number, of: number): number => (of === 0 ? 100 : (part / of) * 100)
const bigints = <K extends string>(numbers: Record<K, number>): Record<K, bigint> =>
  Object.fromEntries(
    Object.entries<number>(numbers).map(([key, value]) => [key, BigInt(value)]),
  ) as Record<K, bigint>

function numbersOf({ tests, coverage, materials, code }: Numbers) {
  return {
    tests: tests && testsOf(tests),
    coverage: coverage && {
      total: percent(coverage.total.covered, coverage.total.lines),
      // Where no line of the change can run, none was missed.
      ...(coverage.changed
        ? { changed: percent(coverage.changed.covered, coverage.changed.lines) }
        : {}),
      ...bigints({ lines: coverage.total.lines, changedLines: coverage.changed?.lines ?? 0 }),
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
      duplication: code.code === 0 ? 0 : (code.duplicated / code.code) * 100,
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
