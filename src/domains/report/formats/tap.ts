import {
  defineReportFormat,
  ReportProblem,
  shortMessage,
  shortName,
  type TestCase,
} from '../report.ts'
import { lineParser } from '../lines.ts'

const testLine = /^( *)(not )?ok\b(?: +(\d+))?(?:[ -]+(.*?))?(?:\s+# *(skip|todo)\S*(?: +(.*))?)?$/i
/** node-tap and Vitest append the duration, and ` {` when subtests follow until a `}`. */
const timeOf = /\s+# time=([\d.]+)ms/
const planLine = /^1\.\.(\d+)/
/** `prove -v` prints the file before its output; one report then has several plans. */
const fileLine = /^(\S+\.t) \.{2,}\s*$/
/** The limit keeps the regular expressions from backtracking over very long lines. */
const maxLineLength = 2000

/**
 * The Test Anything Protocol, versions 12 to 14. Subtests are indented and precede the test that
 * summarises them, or follow it in braces. A summary is left out unless it failed and none of its
 * subtests did.
 */
export default defineReportFormat({
  name: 'TAP',
  title: 'TAP 12 to 14',
  topics: ['tests'],
  example: `TAP version 13
1..1
ok 1 - adds
`,
  detect: (head) =>
    /^(TAP version 1\d|1\.\.\d+|(not )?ok\b|\S+\.t \.\.+\s*$)/m.test(head) &&
    !head.trimStart().startsWith('<'),
  parser: (sink) => {
    let test: TestCase | null = null
    let planned: number | null = null
    let count = 0
    let deepest = 0
    /** Depths of the tests that failed since the last test at a higher level. */
    let failed: number[] = []
    let diagnosis: string[] = []
    let file = ''
    const path: string[] = []
    const braces: { depth: number; test: TestCase }[] = []
    const flush = (): void => {
      if (test?.outcome === 'failed') test.message = shortMessage(diagnosis.join('\n'))
      if (test) sink.test(test)
      test = null
      diagnosis = []
    }
    /** A summary is reported only when it failed and its subtests did not. */
    const isReported = (
      depth: number,
      outcome: TestCase['outcome'],
      isSummary: boolean,
    ): boolean => {
      const isNewFailure = outcome === 'failed' && !failed.some((one) => one > depth)
      failed = failed.filter((one) => one <= depth)
      if (outcome === 'failed') failed.push(depth)
      return isNewFailure || !isSummary
    }
    const read = (
      [, indent = '', not, , name, directive, why]: string[],
      number: number,
      seconds: number | null,
    ) => {
      const suite = shortName(
        [file, ...path.slice(0, indent.length / 4)].filter(Boolean).join(' › '),
      )
      const outcome: TestCase['outcome'] = directive ? 'skipped' : not ? 'failed' : 'passed'
      const identity = { suite, name: shortName(name || `${number}`), outcome }
      return {
        depth: indent.length,
        test: { ...identity, seconds, file: file || null, message: why ?? null },
      }
    }
    const take = (line: string, number: number): boolean => {
      const time = timeOf.exec(line)?.[1]
      const found = testLine.exec(line.replace(timeOf, '').replace(/ \{$/, ''))
      if (!found) return false
      flush()
      const one = read(found, number, time === undefined ? null : Number(time) / 1000)
      if (one.depth === 0) count += 1
      if (line.endsWith(' {')) {
        path[Math.floor(one.depth / 4)] = one.test.name
        braces.push(one)
        return true
      }
      const isSummary = deepest > one.depth
      deepest = one.depth
      if (isReported(one.depth, one.test.outcome, isSummary)) test = one.test
      return true
    }
    const close = (): void => {
      flush()
      const sum = braces.pop()
      if (sum && isReported(sum.depth, sum.test.outcome, true)) sink.test(sum.test)
      deepest = sum?.depth ?? deepest
    }
    return lineParser(
      (whole, number) => {
        const line = whole.slice(0, maxLineLength)
        if (line.startsWith('Bail out!'))
          throw new ReportProblem(
            `was aborted: ${line.slice(9).trim() || 'no reason given'}`,
            number,
          )
        const started = fileLine.exec(line)
        if (started) {
          flush()
          file = started[1] ?? ''
        }
        const subtest = /^( *)# Subtest: (.*)$/.exec(line)
        if (subtest) path[Math.floor((subtest[1] ?? '').length / 4)] = subtest[2] ?? ''
        if (take(line, number)) return
        if (braces.length > 0 && /^ *\}$/.test(line)) return close()
        const plan = planLine.exec(line)
        if (plan) planned = (planned ?? 0) + Number(plan[1])
        else if (test && /^\s*(duration_ms|duration):/.test(line))
          test.seconds = Number(line.split(':')[1]) / 1000 || null
        else if (test && diagnosis.length < 200) diagnosis.push(line)
      },
      () => {
        flush()
        if (braces.length > 0) throw new ReportProblem('is truncated in a subtest')
        if (planned === null)
          throw new ReportProblem('has no plan (1..n): it was interrupted, or it is not TAP')
        if (planned !== count)
          throw new ReportProblem(`plans ${planned} tests but has ${count}: it was interrupted`)
      },
    )
  },
})
