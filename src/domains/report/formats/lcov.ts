import { defineReportFormat, type LineCoverage, ReportProblem } from '../report.ts'
import { lineParser } from '../lines.ts'

/** geninfo(1): `SF:` begins a file, `DA:line,hits` describes one line of it. */
export default defineReportFormat({
  name: 'LCOV',
  title: 'LCOV tracefiles',
  topics: ['coverage'],
  example: `TN:
SF:src/cart.js
DA:1,2
end_of_record
`,
  detect: (head) => /^SF:/m.test(head),
  parser: (sink) => {
    let current: LineCoverage | null = null
    let declared = 0
    return lineParser(
      (line, number) => {
        if (line.startsWith('LF:')) declared = Number(line.slice(3)) || 0
        if (line.startsWith('SF:')) current = { file: line.slice(3).trim(), hits: new Map() }
        else if (line.startsWith('DA:')) {
          const [at, hits] = line.slice(3).split(',').map(Number)
          if (!current || !Number.isInteger(at) || !Number.isFinite(hits))
            throw new ReportProblem(
              'has a `DA:` line that is not `DA:<line>,<hits>` of a file',
              number,
            )
          // gcov can count below zero when threads race; such a line counts as not reached.
          current.hits.set(at ?? 0, (current.hits.get(at ?? 0) ?? 0) + Math.max(0, hits ?? 0))
        } else if (line === 'end_of_record' && current) {
          // The number itself differs: llvm-cov counts the lines of closures twice.
          if (declared > 0 && current.hits.size === 0)
            throw new ReportProblem(
              `states that ${current.file} has ${declared} lines, but lists none`,
              number,
            )
          declared = 0
          sink.coverage(current)
          current = null
        }
      },
      () => {
        if (current) throw new ReportProblem(`is truncated in ${current.file}`)
      },
    )
  },
})
