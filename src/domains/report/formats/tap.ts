import { type Format, ReportProblem, shortMessage, shortName, type TestCase } from '../report.ts'
import { lineParser } from './lines.ts'

const testLine = /^( *)(not )?ok\b(?: +(\d+))?(?:[ -]+(.*?))?(?:\s+# *(skip|todo)\S*(?: +(.*))?)?$/i
const planLine = /^1\.\.(\d+)/
/** `prove -v` names the file before what it says; several plans are then in one report. */
const fileLine = /^(\S+\.t) \.{2,}\s*$/
/** More of a line would be looked through again and again. */
const lineRead = 2000

/**
 * The Test Anything Protocol, versions 12 to 14. Subtests are indented before the test that sums them up, which is left out, unless it
 * failed and none of them did.
 */
export const tap: Format = {
  name: 'TAP',
  tells: ['tests'],
  recognises: (head) =>
    /^(TAP version 1\d|1\.\.\d+|(not )?ok\b|\S+\.t \.\.+\s*$)/m.test(head) && !head.trimStart().startsWith('<'),
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
    const flush = (): void => {
      if (test?.outcome === 'failed') test.message = shortMessage(diagnosis.join('\n'))
      if (test) sink.test(test)
      test = null
      diagnosis = []
    }
    const take = ([, indent = '', not, , name, directive, why]: string[], number: number): void => {
      flush()
      const depth = indent.length
      if (depth === 0) count += 1
      const isSum = deepest > depth
      deepest = depth
      const outcome = directive ? 'skipped' : not ? 'failed' : 'passed'
      const isTold = outcome !== 'failed' || failed.some((one) => one > depth)
      failed = failed.filter((one) => one < depth)
      if (outcome === 'failed') failed.push(depth)
      if (isSum && isTold) return
      const suite = shortName([file, ...path.slice(0, depth / 4)].filter(Boolean).join(' › '))
      test = {
        suite,
        name: shortName(name || `${number}`),
        outcome,
        seconds: null,
        file: file || null,
        message: why ?? null,
      }
    }
    return lineParser(
      (whole, number) => {
        const line = whole.slice(0, lineRead)
        if (line.startsWith('Bail out!'))
          throw new ReportProblem(`was broken off: ${line.slice(9).trim() || 'no reason given'}`, number)
        const begun = fileLine.exec(line)
        if (begun) {
          flush()
          file = begun[1] ?? ''
        }
        const subtest = /^( *)# Subtest: (.*)$/.exec(line)
        if (subtest) path[Math.floor((subtest[1] ?? '').length / 4)] = subtest[2] ?? ''
        const found = testLine.exec(line)
        if (found) return take(found, number)
        const plan = planLine.exec(line)
        if (plan) planned = (planned ?? 0) + Number(plan[1])
        else if (test && /^\s*(duration_ms|duration):/.test(line))
          test.seconds = Number(line.split(':')[1]) / 1000 || null
        else if (test && diagnosis.length < 200) diagnosis.push(line)
      },
      () => {
        flush()
        if (planned === null) throw new ReportProblem('has no plan (1..n): it was broken off, or it is no TAP')
        if (planned !== count) throw new ReportProblem(`plans ${planned} tests and has ${count}: it was broken off`)
      },
    )
  },
}
