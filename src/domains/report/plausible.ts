import { ReportProblem, type Sink } from './report.ts'

/** The highest number of a line that a report may name. */
export const maxLine = 2_000_000
/** About thirty years. */
const maxSeconds = 1e9

/**
 * Refuses impossible numbers before they reach the sink: a report that contains them is wrong, and
 * the database could not store them.
 */
export const plausible = (sink: Sink): Sink => ({
  ...sink,
  test: (one) => {
    if (one.seconds !== null && !(one.seconds <= maxSeconds))
      throw new ReportProblem(`states that ${one.name} took ${one.seconds} seconds`)
    sink.test(one)
  },
  coverage: (one) => {
    for (const line of one.hits.keys()) refuseLine(one.file, line)
    sink.coverage(one)
  },
  finding: (one) => {
    if (one.line !== null) refuseLine(one.file ?? 'a file', one.line)
    sink.finding({ ...one, line: one.line || null })
  },
  measurement: (one) => {
    if (!Number.isFinite(one.value) || !Number.isFinite(one.spread?.deviation ?? 0))
      throw new ReportProblem(`has values for ${one.name} that are too large to compare`)
    sink.measurement(one)
  },
})

/** Line 0 means that no line is given. */
function refuseLine(file: string, line: number): void {
  if (!Number.isInteger(line) || line < 0 || line > maxLine)
    throw new ReportProblem(`names line ${line} of ${file}, which cannot exist`)
}
