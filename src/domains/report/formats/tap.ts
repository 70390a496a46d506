import {
  defineReportFormat,
  ReportProblem,
  shortMessage,
  shortName,
  type TestCase,
} from '../report.ts'
import { lineParser } from '../lines.ts'
import { createPlans } from '../tap-plans.ts'

const testStart = /^( *)(not )?ok\b(?: +(\d+)(?=[\s-]|$))?(?=[\s-]|$)/i
const directive = /\s# *(skip|todo)\S*(?: +(.*))?/i
/** node-tap and Vitest append the duration, and ` {` when subtests follow until a `}`. */
const timeOf = /\s# time=([\d.]+)ms/
const planLine = /^( *)1\.\.(\d+)/
/** `prove -v` prints the file before its output, and its own result of the file after it. */
const fileLine = /^(?:\[[\d:]+\] )?(\S+\.t) \.{2,}\s*$/
const fileResult = /^ok(?: +\d+ ms.*)?$/
const maxLineLength = 2000
const maxDepth = 32

/**
 * The Test Anything Protocol, versions 12 to 14. Subtests are indented and precede the test that
 * summarises them, or follow it in braces. A summary is left out unless it failed and none of its
 * subtests did. `prove -v` writes the tests of several files and what it makes of them.
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
    const plans = createPlans()
    /** The indentation of the YAML block that the line is in; null outside of one. */
    let block: string | null = null
    let hasFailed = false
    let saysFailed = false
    let deepest = 0
    /** Depths of the tests that failed since the last test at a higher level. */
    let failed: number[] = []
    let diagnosis: string[] = []
    let file = ''
    const path: string[] = []
    const braces: { depth: number; test: TestCase }[] = []
    const enter = (indent: number, name: string): void => {
      if (indent / 4 < maxDepth) path[Math.floor(indent / 4)] = name
    }
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
    const read = ({ indent, isNot, name, isSkipped, message, seconds }: TestLine, line: number) => {
      const suite = shortName([file, ...path.slice(0, indent / 4)].filter(Boolean).join(' › '))
      const outcome: TestCase['outcome'] = isSkipped ? 'skipped' : isNot ? 'failed' : 'passed'
      const identity = { suite, name: shortName(name || `${line}`), outcome }
      return { depth: indent, test: { ...identity, seconds, file: file || null, message } }
    }
    const take = (line: string, number: number): boolean => {
      const found = readTestLine(line)
      if (!found) return false
      flush()
      const one = read(found, number)
      hasFailed ||= one.test.outcome === 'failed'
      plans.test(levelOf(one.depth), found.isNot)
      if (line.endsWith(' {')) {
        enter(one.depth, one.test.name)
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
      plans.end(levelOf(sum?.depth ?? 0), sum?.test.outcome === 'failed')
      if (sum && isReported(sum.depth, sum.test.outcome, true)) sink.test(sum.test)
      deepest = sum?.depth ?? deepest
    }
    const diagnose = (line: string): void => {
      if (test && /^\s*(duration_ms|duration):/.test(line))
        test.seconds = Number(line.split(':')[1]) / 1000 || null
      else if (test && diagnosis.length < 200) diagnosis.push(line)
    }
    return lineParser(
      (whole, number) => {
        const line = whole.slice(0, maxLineLength)
        if (line.startsWith('Bail out!'))
          throw new ReportProblem(
            `was aborted: ${line.slice(9).trim() || 'no reason given'}`,
            number,
          )
        if (block !== null) {
          if (line.trimEnd() === `${block}...`) block = null
          return diagnose(line)
        }
        block = /^( +)---\s*$/.exec(line)?.[1] ?? null
        const started = fileLine.exec(line)
        if (started) {
          flush()
          plans.next()
          file = started[1] ?? ''
        }
        if (file !== '' && line.startsWith('Result: FAIL')) saysFailed = true
        if (file !== '' && fileResult.test(line) && plans.isFulfilled()) return
        const subtest = /^( *)# Subtest: (.*)$/.exec(line)
        if (subtest) enter((subtest[1] ?? '').length, subtest[2] ?? '')
        if (take(line, number)) return
        if (braces.length > 0 && /^ *\}$/.test(line)) return close()
        const plan = planLine.exec(line)
        if (plan) plans.plan(levelOf((plan[1] ?? '').length), Number(plan[2]))
        else diagnose(line)
      },
      () => {
        flush()
        if (braces.length > 0) throw new ReportProblem('is truncated in a subtest')
        plans.finish()
        if (saysFailed && !hasFailed)
          throw new ReportProblem('states `Result: FAIL`, but lists no failed test')
      },
    )
  },
})

const levelOf = (indent: number): number => Math.min(maxDepth, Math.floor(indent / 4))

interface TestLine {
  /** Number of spaces. */
  indent: number
  isNot: boolean
  name: string
  isSkipped: boolean
  message: string | null
  seconds: number | null
}

/** Reads a line in time proportional to its length; null when it is not a test. */
function readTestLine(text: string): TestLine | null {
  const time = timeOf.exec(text)
  const timeless = time
    ? text.slice(0, time.index).trimEnd() + text.slice(time.index + time[0].length)
    : text
  const line = timeless.endsWith(' {') ? timeless.slice(0, -2) : timeless
  const start = testStart.exec(line)
  if (!start) return null
  const [all, indent = '', not] = start
  const rest = line.slice(all.length)
  const given = directive.exec(rest)
  const name = (given ? rest.slice(0, given.index) : rest).replace(/^[ -]+/, '').trimEnd()
  return {
    indent: indent.length,
    isNot: not !== undefined,
    name,
    isSkipped: given !== null,
    message: given?.[2] ?? null,
    seconds: time ? Number(time[1]) / 1000 : null,
  }
}
