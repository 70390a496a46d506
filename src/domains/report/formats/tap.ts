import { type Format, ReportProblem, shortMessage, shortName, type TestCase } from '../report.ts'
import { lineParser } from './lines.ts'

const testLine = /^( *)(not )?ok\b(?: +(\d+))?(?:[ -]+(.*?))?(?:\s+# *(skip|todo)\S*(?: +(.*))?)?$/i
/** Of node-tap and Vitest: how long it took, and that its subtests follow until a `}`. */
const timeOf = /\s+# time=([\d.]+)ms/
const planLine = /^1\.\.(\d+)/
/** `prove -v` names the file before what it says; several plans are then in one report. */
const fileLine = /^(\S+\.t) \.{2,}\s*$/
/** More of a line would be looked through again and again. */
const lineRead = 2000

/**
 * The Test Anything Protocol, versions 12 to 14. Subtests are indented before the test that sums
 * them up, which is left out, unless it failed and none of them did. Or they stand in braces behind
 * it.
 */
export const tap: Format = {
  name: 'TAP',
  tells: ['tests'],
  recognises: (head) =>
    /^(TAP version 1\d|1\.\.\d+|(not )?ok\b|\S+\.t \.\.+\s*$)/m.test(head) &&
    !head.trimStart().startsWith('<'),
  parser: (sink) => {
    let test: TestCase | null = null
    let planned: number | null = null
    let count = 0
    let deepest = 0
    /** how deep those were that failed since the last test above them */
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
    /** One that sums up those below it is told only when it failed, and they did not. */
    const isTold = (depth: number, outcome: TestCase['outcome'], isSum: boolean): boolean => {
      const isNews = outcome === 'failed' && !failed.some((one) => one > depth)
      failed = failed.filter((one) => one <= depth)
      if (outcome === 'failed') failed.push(depth)
      return isNews || !isSum
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
      const of = { suite, name: shortName(name || `${number}`), outcome }
      return {
        depth: indent.length,
        test: { ...of, seconds, file: file || null, message: why ?? null },
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
      const isSum = deepest > one.depth
      deepest = one.depth
      if (isTold(one.depth, one.test.outcome, isSum)) test = one.test
      return true
    }
    const close = (): void => {
      flush()
      const sum = braces.pop()
      if (sum && isTold(sum.depth, sum.test.outcome, true)) sink.test(sum.test)
      deepest = sum?.depth ?? deepest
    }
    return lineParser(
      (whole, number) => {
        const line = whole.slice(0, lineRead)
        if (line.startsWith('Bail out!'))
          throw new ReportProblem(
            `was broken off: ${line.slice(9).trim() || 'no reason given'}`,
            number,
          )
        const begun = fileLine.exec(line)
        if (begun) {
          flush()
          file = begun[1] ?? ''
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
        if (braces.length > 0) throw new ReportProblem('ends in the middle of a subtest')
        if (planned === null)
          throw new ReportProblem('has no plan (1..n): it was broken off, or it is no TAP')
        if (planned !== count)
          throw new ReportProblem(`plans ${planned} tests and has ${count}: it was broken off`)
      },
    )
  },
}
