import type { Gate } from '#contract/gate/gate.ts'
import type { FileCoverage, Finding, ReportSummary, TestResult } from '#contract/report/report.ts'
import type { Annotation, Check, CommitStatus } from './client.ts'

/** What is known of a run when it has ended. */
export interface CheckFacts {
  gates: Gate[]
  numbers: Pick<ReportSummary, 'tests' | 'coverage' | 'findings'>
  /** those that fail now come first */
  tests: TestResult[]
  findings: Finding[] | null
  coverage: FileCoverage[] | null
}

/** So many remarks a forge takes at once; more would be read by nobody. */
export const annotationsAtMost = 50
/** Runs of lines that no test reached are the last to be told, and of so many at most. */
const missedAtMost = 20

/**
 * What a forge shows beside the commit, and on its lines: failing tests, new findings, then lines
 * of the change that no test reached.
 */
export function decideCheck(status: CommitStatus, key: string, facts: CheckFacts | null): Check {
  if (facts === null) return { ...status, key, summary: status.description, annotations: [] }
  const { gates, numbers } = facts
  const lines = [
    status.description,
    ...gates.map(
      ({ name, state, reasons }) =>
        `- gate \`${name}\`: ${state}${reasons.length > 0 ? `; ${reasons.join('; ')}` : ''}`,
    ),
    ...(numbers.tests
      ? [
          `- tests: ${numbers.tests.passed} of ${numbers.tests.total} passed, ${numbers.tests.broken} newly fail`,
        ]
      : []),
    ...(numbers.coverage?.changed
      ? [
          `- changed lines: ${numbers.coverage.changed.covered} of ${numbers.coverage.changed.lines} reached by tests`,
        ]
      : []),
    ...(numbers.findings?.fresh
      ? [
          `- new findings: ${numbers.findings.fresh.error} errors, ${numbers.findings.fresh.warning} warnings, ${numbers.findings.fresh.note} notes`,
        ]
      : []),
    ...facts.tests
      .filter(isBad)
      .slice(0, 20)
      .map((test) => `- failed: \`${nameOf(test)}\`${firstLine(test.message)}`),
  ]
  const annotations = [
    ...ofTests(facts.tests),
    ...ofFindings(facts.findings ?? []),
    ...ofCoverage(facts.coverage ?? []),
  ]
  return {
    ...status,
    key,
    summary: lines.join('\n').slice(0, 60_000),
    annotations: annotations.slice(0, annotationsAtMost),
  }
}

const isBad = ({ outcome, isQuarantined }: TestResult): boolean =>
  (outcome === 'failed' || outcome === 'errored') && !isQuarantined
const nameOf = ({ suite, name }: TestResult): string => (suite === '' ? name : `${suite} › ${name}`)
const firstLine = (message: string | null): string => {
  const [line = ''] = message?.trim().split('\n') ?? []
  return line === '' ? '' : `: ${line.slice(0, 200)}`
}

/** Reports name the file of a test, seldom its line. */
function ofTests(tests: TestResult[]): Annotation[] {
  return tests.filter(isBad).flatMap((test) =>
    test.file === null
      ? []
      : [
          {
            file: test.file,
            line: 1,
            end: 1,
            level: 'failure' as const,
            title: nameOf(test),
            message: test.message ?? 'failed',
          },
        ],
  )
}

const levels = { error: 'failure', warning: 'warning', note: 'notice' } as const

function ofFindings(findings: Finding[]): Annotation[] {
  const fresh = findings.filter(({ isNew }) => isNew !== false)
  const order = ['error', 'warning', 'note']
  return fresh
    .toSorted((a, b) => order.indexOf(a.level) - order.indexOf(b.level))
    .flatMap(({ file, line, level, tool, rule, message }) =>
      file === null || line === null
        ? []
        : [{ file, line, end: line, level: levels[level], title: `${tool}: ${rule}`, message }],
    )
}

function ofCoverage(files: FileCoverage[]): Annotation[] {
  const all = files.flatMap(({ file, changed }) =>
    rangesOf(changed?.missed ?? []).map(([line, end]) => ({
      ...{ file, line, end, level: 'notice' as const },
      title: 'Not reached by tests',
      message: line === end ? 'No test reached this line.' : 'No test reached these lines.',
    })),
  )
  return all.slice(0, missedAtMost)
}

/** Runs of lines that follow each other. */
export function rangesOf(lines: number[]): [number, number][] {
  const ranges: [number, number][] = []
  for (const line of [...new Set(lines)].sort((a, b) => a - b)) {
    const last = ranges.at(-1)
    if (last && last[1] === line - 1) last[1] = line
    else ranges.push([line, line])
  }
  return ranges
}
