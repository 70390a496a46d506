import type { findingLevels, severities, testOutcomes } from '#contract/report/report.ts'

/** One test as a report describes it. */
export interface TestCase {
  suite: string
  name: string
  outcome: (typeof testOutcomes)[number]
  seconds: number | null
  file: string | null
  message: string | null
  /** The test failed first and passed when its runner ran it again. */
  retried?: boolean
}

/** The full name of a test, as the console and the command line show it. */
export const testName = ({ suite, name }: Pick<TestCase, 'suite' | 'name'>): string =>
  suite === '' ? name : `${suite} › ${name}`

/** The executable lines of a file, counted from 1, and how often each ran. */
export interface LineCoverage {
  file: string
  /** The source folders that the report lists; `file` is relative to one of them. */
  folders?: string[]
  hits: Map<number, number>
}

export interface ReportedFinding {
  tool: string
  rule: string
  level: (typeof findingLevels)[number]
  /** Severity of a vulnerability; null for other findings and when the tool does not state it. */
  severity: (typeof severities)[number] | null
  message: string
  file: string | null
  line: number | null
}

/** One result of a performance test. */
export interface ReportedMeasurement {
  name: string
  unit: string
  better: 'lower' | 'higher'
  value: number
  /**
   * Standard deviation between samples, in `unit`, and the number of samples; null when the report
   * does not state them.
   */
  spread: { deviation: number; samples: number } | null
}

/** A software bill of materials: the CycloneDX JSON document, unchanged. */
export interface BillOfMaterials {
  components: number
  document: Record<string, unknown>
}

/** Receives the contents of a report while it is read. */
export interface Sink {
  test(one: TestCase): void
  coverage(one: LineCoverage): void
  finding(one: ReportedFinding): void
  measurement(one: ReportedMeasurement): void
  materials(one: BillOfMaterials): void
}

/** Reads one report in chunks. Both methods throw a ReportProblem. */
export interface ReportParser {
  write(text: string): void
  /** Marks the end of the report; throws when the report is incomplete. */
  end(): void
}

/** What a report can contain. */
export type Topic = 'tests' | 'coverage' | 'findings' | 'measurements' | 'materials'

/** A report format. Adding one is one file in `formats/`. */
export interface ReportFormat {
  /** Stored with each report and shown to users. */
  name: string
  /** What produces it, for the table in docs/reports.md. */
  title: string
  /**
   * The topics that the report answers even when it is empty: a report without findings states that
   * there are none.
   */
  topics: Topic[]
  /**
   * True when the format names itself in its first characters. Such formats are tried before those
   * that are detected by their shape.
   */
  hasSignature?: boolean
  /**
   * Decides by the first 4,096 characters, and by up to a million when no format matches. Comments
   * before the first element of XML are left out.
   */
  detect(head: string): boolean
  /** A complete report with at least one entry, for tests and documentation. */
  example: string
  parser(sink: Sink): ReportParser
}

export const defineReportFormat = (format: ReportFormat): ReportFormat => format

/**
 * A report that cannot be used. The message is the rest of a sentence that begins with the report's
 * name; `line` counts from 1.
 */
export class ReportProblem extends Error {
  override name = 'ReportProblem'
  readonly line: number | null
  constructor(problem: string, line: number | null = null) {
    super(problem)
    this.line = line
  }
}

const maxNameLength = 500
const maxMessageLength = 4000

/** Cuts a name to 500 characters, always in the same way, so that a test keeps its identity. */
export const shortName = (text: string): string => text.trim().slice(0, maxNameLength)
export const shortMessage = (text: string): string | null =>
  text.trim().slice(0, maxMessageLength) || null

/** Mean and spread of samples. Null when there are none or one is not a finite number. */
export function summarise(samples: number[]): Pick<ReportedMeasurement, 'value' | 'spread'> | null {
  if (samples.length === 0 || !samples.every(Number.isFinite)) return null
  const mean = samples.reduce((sum, one) => sum + one, 0) / samples.length
  const squares = samples.reduce((sum, one) => sum + (one - mean) ** 2, 0)
  const deviation = Math.sqrt(squares / Math.max(1, samples.length - 1))
  return { value: mean, spread: samples.length > 1 ? { deviation, samples: samples.length } : null }
}

/** The level that a vulnerability of this severity has among other findings. */
export function levelOf(severity: ReportedFinding['severity']): ReportedFinding['level'] {
  if (severity === 'critical' || severity === 'high') return 'error'
  return severity === 'low' ? 'note' : 'warning'
}
