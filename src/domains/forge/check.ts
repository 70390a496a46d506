import type { Gate } from '#contract/gate/gate.ts'
import type { FileCoverage, Finding, ReportSummary, TestResult } from '#contract/report/report.ts'
import { codeSpan, escapeMentions } from '#platform/markdown.ts'
import type { Annotation, Check, CommitStatus } from './client.ts'

/** The results of a run that has ended. */
export interface CheckFacts {
  gates: Gate[]
  numbers: Pick<ReportSummary, 'tests' | 'coverage' | 'findings'>
  /** failing tests first */
  tests: TestResult[]
  findings: Finding[] | null
  coverage: FileCoverage[] | null
}

/** The limit of GitHub for one request. */
export const maxAnnotations = 50
/** Limits the least important annotations: ranges of lines that no test covers. */
const maxUncovered = 20

/**
 * Decides the summary of a commit and the annotations of its lines: failing tests, then new
 * findings, then changed lines that no test covers. `facts` is null while the run is open.
 */
export function decideCheck(status: CommitStatus, key: string, facts: CheckFacts | null): Check {
  if (facts === null) return { ...status, key, summary: status.description, annotations: [] }
  const { gates, numbers } = facts
  const lines = [
    status.description,
    ...gates.map(
      ({ name, state, reasons }) =>
        `- gate ${codeSpan(name)}: ${[state, ...reasons.map(escapeMentions)].join('; ')}`,
    ),
    ...(numbers.tests
      ? [
          `- tests: ${numbers.tests.passed} of ${numbers.tests.total} passed, ` +
            `${numbers.tests.broken} newly failing`,
        ]
      : []),
    ...(numbers.coverage?.changed
      ? [
          `- changed lines: ${numbers.coverage.changed.covered} of ` +
            `${numbers.coverage.changed.lines} covered by tests`,
        ]
      : []),
    ...(numbers.findings?.fresh
      ? [
          `- new findings: ${numbers.findings.fresh.error} errors, ` +
            `${numbers.findings.fresh.warning} warnings, ${numbers.findings.fresh.note} notes`,
        ]
      : []),
    ...facts.tests
      .filter(isBad)
      .slice(0, 20)
      .map((test) => `- failed: ${codeSpan(nameOf(test))}${firstLine(test.message)}`),
  ]
  const annotations = [
    ...annotateTests(facts.tests),
    ...annotateFindings(facts.findings ?? []),
    ...annotateCoverage(facts.coverage ?? []),
  ]
  return {
    ...status,
    key,
    summary: lines.join('\n').slice(0, 60_000),
    annotations: annotations.slice(0, maxAnnotations),
  }
}

const isBad = ({ outcome, isQuarantined }: TestResult): boolean =>
  (outcome === 'failed' || outcome === 'errored') && !isQuarantined
const nameOf = ({ suite, name }: TestResult): string => (suite === '' ? name : `${suite} › ${name}`)
const firstLine = (message: string | null): string => {
  const [line = ''] = message?.trim().split('\n') ?? []
  return line === '' ? '' : `: ${escapeMentions(line.slice(0, 200))}`
}

/** Test reports rarely name a line, so that an annotation is on the first line of the file. */
function annotateTests(tests: TestResult[]): Annotation[] {
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

function annotateFindings(findings: Finding[]): Annotation[] {
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

function annotateCoverage(files: FileCoverage[]): Annotation[] {
  const all = files.flatMap(({ file, changed }) =>
    rangesOf(changed?.missed ?? []).map(([line, end]) => ({
      ...{ file, line, end, level: 'notice' as const },
      title: 'Not covered by tests',
      message: line === end ? 'No test covers this line.' : 'No test covers these lines.',
    })),
  )
  return all.slice(0, maxUncovered)
}

/** Groups line numbers into ranges of consecutive lines. */
export function rangesOf(lines: number[]): [number, number][] {
  const ranges: [number, number][] = []
  for (const line of [...new Set(lines)].sort((a, b) => a - b)) {
    const last = ranges.at(-1)
    if (last && last[1] === line - 1) last[1] = line
    else ranges.push([line, line])
  }
  return ranges
}
