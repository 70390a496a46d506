import type { findingLevels, severities, testOutcomes } from '#contract/report/report.ts'

/** What a report says of one test. */
export interface TestCase {
  suite: string
  name: string
  outcome: (typeof testOutcomes)[number]
  seconds: number | null
  file: string | null
  message: string | null
  /** its runner ran it again: it failed first, and passed then */
  retried?: boolean
}

/** The name by which people mean a test. */
export const testName = ({ suite, name }: Pick<TestCase, 'suite' | 'name'>): string =>
  suite === '' ? name : `${suite} › ${name}`

/** Which lines of a file, from 1, could run, and how often they did. */
export interface LineHits {
  file: string
  /** the folders that the report names, in one of which the file is */
  folders?: string[]
  hits: Map<number, number>
}

export interface FoundProblem {
  tool: string
  rule: string
  level: (typeof findingLevels)[number]
  /** of a vulnerability; null for what is none, or where the tool does not say */
  severity: (typeof severities)[number] | null
  message: string
  file: string | null
  line: number | null
}

/** A number that a test of performance measured. */
export interface Measured {
  name: string
  unit: string
  better: 'lower' | 'higher'
  value: number
  /**
   * standard deviation between samples, in `unit`, and how many there were; null when the report
   * does not say
   */
  spread: { deviation: number; samples: number } | null
}

/** A software bill of materials: CycloneDX in JSON, as it was written. */
export interface BillOfMaterials {
  components: number
  document: Record<string, unknown>
}

/** Where a report's contents go as it is read. */
export interface Sink {
  test(one: TestCase): void
  hits(one: LineHits): void
  problem(one: FoundProblem): void
  measured(one: Measured): void
  materials(one: BillOfMaterials): void
}

/** Reads one report, piece by piece. Throws a ReportProblem. */
export interface ReportParser {
  write(text: string): void
  /** The report is over; throws when it is not whole. */
  end(): void
}

/** What a report can tell. */
export type Topic = 'tests' | 'coverage' | 'findings' | 'measurements' | 'materials'

/** A kind of report. Adding one is one file in `formats/`. */
export interface Format {
  name: string
  /** of what it tells also by being there: a report without findings says that there are none */
  tells: Topic[]
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

/**
 * Names are kept up to a length; what is cut is cut the same way each time, so that a test stays
 * the same one.
 */
export const shortName = (text: string): string => text.trim().slice(0, longestName)
export const shortMessage = (text: string): string | null =>
  text.trim().slice(0, longestMessage) || null

/** The mean of samples with their spread. Null when there are none, or one is no number. */
export function summarise(samples: number[]): Pick<Measured, 'value' | 'spread'> | null {
  if (samples.length === 0 || !samples.every(Number.isFinite)) return null
  const mean = samples.reduce((sum, one) => sum + one, 0) / samples.length
  const squares = samples.reduce((sum, one) => sum + (one - mean) ** 2, 0)
  const deviation = Math.sqrt(squares / Math.max(1, samples.length - 1))
  return { value: mean, spread: samples.length > 1 ? { deviation, samples: samples.length } : null }
}
