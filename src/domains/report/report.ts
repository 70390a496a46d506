import type { testOutcomes, findingLevels } from '#contract/report.ts'

/** What a report says of one test. */
export interface TestCase {
  suite: string
  name: string
  outcome: (typeof testOutcomes)[number]
  seconds: number | null
  file: string | null
  message: string | null
}

/** Which lines of a file, from 1, could run, and how often they did. */
export interface LineHits {
  file: string
  hits: Map<number, number>
}

export interface FoundProblem {
  tool: string
  rule: string
  level: (typeof findingLevels)[number]
  message: string
  file: string | null
  line: number | null
}

/** Where a report's contents go as it is read. */
export interface Sink {
  test(one: TestCase): void
  hits(one: LineHits): void
  problem(one: FoundProblem): void
}

/** Reads one report, piece by piece. Throws a ReportProblem. */
export interface ReportParser {
  write(text: string): void
  /** The report is over; throws when it is not whole. */
  end(): void
}

/** A kind of report. Adding one is one file in `formats/`. */
export interface Format {
  name: string
  /** by the first 4,096 characters */
  recognises(head: string): boolean
  parser(sink: Sink): ReportParser
}

/** What is wrong with a report, as the rest of a sentence; `line` is from 1. */
export class ReportProblem extends Error {
  override name = 'ReportProblem'
  readonly line: number | null
  constructor(problem: string, line: number | null = null) {
    super(problem)
    this.line = line
  }
}

const longestName = 500
const longestMessage = 4000

/** Names are kept up to a length; what is cut is cut the same way each time, so that a test stays the same one. */
export const shortName = (text: string): string => text.trim().slice(0, longestName)
export const shortMessage = (text: string): string | null => text.trim().slice(0, longestMessage) || null
