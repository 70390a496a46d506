import { ReportProblem, type Sink } from './report.ts'

/** No file has more lines. */
const linesAtMost = 2_000_000
/** Some thirty years. */
const secondsAtMost = 1e9

/**
 * Refuses numbers that nothing can have: a report that names them is wrong, or lies, and the
 * database could not keep them.
 */
export const plausible = (sink: Sink): Sink => ({
  ...sink,
  test: (one) => {
    if (one.seconds !== null && !(one.seconds <= secondsAtMost))
      throw new ReportProblem(`says that ${one.name} took ${one.seconds} seconds`)
    sink.test(one)
  },
  hits: (one) => {
    for (const line of one.hits.keys()) refuseLine(one.file, line)
    sink.hits(one)
  },
  problem: (one) => {
    if (one.line !== null) refuseLine(one.file ?? 'a file', one.line)
    sink.problem({ ...one, line: one.line || null })
  },
  measured: (one) => {
    if (!Number.isFinite(one.value) || !Number.isFinite(one.spread?.deviation ?? 0))
      throw new ReportProblem(`has numbers of ${one.name} that are too large to be compared`)
    sink.measured(one)
  },
})

/** Line 0 stands for none. */
function refuseLine(file: string, line: number): void {
  if (!Number.isInteger(line) || line < 0 || line > linesAtMost)
    throw new ReportProblem(`speaks of line ${line} of ${file}, which no file has`)
}
