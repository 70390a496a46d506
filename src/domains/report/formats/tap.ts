import { type Format, ReportProblem, shortMessage, shortName, type TestCase } from '../report.ts'
import { lineParser } from './lines.ts'

const testLine = /^( *)(not )?ok\b(?: +(\d+))?(?:[ -]+(.*?))?(?:\s+# *(skip|todo)\S*(?: +(.*))?)?$/i
const planLine = /^1\.\.(\d+)/

/** The Test Anything Protocol, versions 12 to 14. Subtests are indented before the test that sums them up, which is left out. */
export const tap: Format = {
  name: 'TAP',
  tells: ['tests'],
  recognises: (head) => /^(TAP version 1\d|1\.\.\d+|(not )?ok\b)/m.test(head) && !head.trimStart().startsWith('<'),
  parser: (sink) => {
    let test: TestCase | null = null
    let planned: number | null = null
    let count = 0
    let deepest = 0
    let diagnosis: string[] | null = null
    const path: string[] = []
    const flush = (): void => {
      if (test)
        sink.test({
          ...test,
          message: test.outcome === 'failed' ? shortMessage((diagnosis ?? []).join('\n')) : test.message,
        })
      test = null
      diagnosis = null
    }
    return lineParser(
      (line, number) => {
        if (line.startsWith('Bail out!'))
          throw new ReportProblem(`was broken off: ${line.slice(9).trim() || 'no reason given'}`, number)
        const subtest = /^( *)# Subtest: (.*)$/.exec(line)
        if (subtest) path[(subtest[1] ?? '').length / 4] = subtest[2] ?? ''
        const found = testLine.exec(line)
        if (found) {
          flush()
          const [, indent = '', not, , name, directive, why] = found
          const depth = indent.length
          if (depth === 0) count += 1
          const isSum = deepest > depth
          deepest = depth
          if (isSum) return
          const outcome = directive ? 'skipped' : not ? 'failed' : 'passed'
          const suite = shortName(path.slice(0, depth / 4).join(' › '))
          test = {
            suite,
            name: shortName(name ?? `${number}`),
            outcome,
            seconds: null,
            file: null,
            message: why ?? null,
          }
          return
        }
        const plan = planLine.exec(line)
        if (plan) planned = Number(plan[1])
        else if (test && /^\s*(duration_ms|duration):/.test(line))
          test.seconds = Number(line.split(':')[1]) / 1000 || null
        else if (test) (diagnosis ??= []).push(line)
      },
      () => {
        flush()
        if (planned !== null && planned !== count)
          throw new ReportProblem(`plans ${planned} tests and has ${count}: it was broken off`)
      },
    )
  },
}
