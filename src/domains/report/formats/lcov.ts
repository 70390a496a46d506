import { type Format, type LineHits, ReportProblem } from '../report.ts'
import { lineParser } from './lines.ts'

/** The tracefiles of LCOV (geninfo): `SF:` begins a file, `DA:line,hits` is a line of it. */
export const lcov: Format = {
  name: 'LCOV',
  tells: ['coverage'],
  recognises: (head) => /^(TN:.*\s+)?SF:/m.test(head),
  parser: (sink) => {
    let current: LineHits | null = null
    return lineParser(
      (line, number) => {
        if (line.startsWith('SF:')) current = { file: line.slice(3).trim(), hits: new Map() }
        else if (line.startsWith('DA:')) {
          const [at, hits] = line.slice(3).split(',').map(Number)
          if (!current || !Number.isInteger(at) || !Number.isFinite(hits))
            throw new ReportProblem(
              'has a line DA: that is not `DA:<line>,<hits>` of a file',
              number,
            )
          // gcov counts below zero when threads race: nobody can say that such a line was reached.
          current.hits.set(at ?? 0, (current.hits.get(at ?? 0) ?? 0) + Math.max(0, hits ?? 0))
        } else if (line === 'end_of_record' && current) {
          sink.hits(current)
          current = null
        }
      },
      () => {
        if (current) throw new ReportProblem(`ends in the middle of ${current.file}`)
      },
    )
  },
}
