import { z } from 'zod'

export const testOutcomes = ['passed', 'failed', 'errored', 'skipped'] as const

/** One test of a run and its history. */
export const testResult = z.object({
  step: z.string(),
  suite: z.string(),
  name: z.string(),
  outcome: z.enum(testOutcomes),
  /** Seconds; null when the report does not state them. */
  seconds: z.number().nullable(),
  file: z.string().nullable(),
  /** The failure message, up to 4,000 characters. */
  message: z.string().nullable(),
  /** The outcome in the previous run that contains the test; null without one. */
  before: z.enum(testOutcomes).nullable(),
  /** A waiver prevents a failure of this test from stopping the change. */
  isQuarantined: z.boolean(),
  /** In how many of the last commits the test both passed and failed, of how many it ran in. */
  flaky: z.object({ commits: z.number().int(), of: z.number().int() }),
})
export type TestResult = z.infer<typeof testResult>

const covered = z.object({ covered: z.number().int(), lines: z.number().int() })
const byLevel = z.object({
  error: z.number().int(),
  warning: z.number().int(),
  note: z.number().int(),
})

/** The reports of a run in numbers. */
export const reportSummary = z.object({
  /** Null when no step has a test report. */
  tests: z
    .object({
      total: z.number().int(),
      passed: z.number().int(),
      failed: z.number().int(),
      errored: z.number().int(),
      skipped: z.number().int(),
      /** Tests that fail now and did not fail in the previous run. */
      broken: z.number().int(),
      /** Failed tests that are quarantined and do not stop the change. */
      quarantined: z.number().int(),
      /** Total duration. */
      seconds: z.number(),
    })
    .nullable(),
  /**
   * Executable and covered lines. `changed` counts the lines that this change added or altered.
   * Null when no step has a coverage report.
   */
  coverage: z
    .object({
      total: covered,
      changed: covered.nullable(),
      /** changed lines of code in files that no report mentions, though it covers their language */
      unreported: z.number().int().optional(),
    })
    .nullable(),
  /**
   * Findings by level, and those that the last good release does not have. Null when no step has a
   * findings report.
   */
  findings: byLevel.extend({ fresh: byLevel.nullable() }).nullable(),
  /**
   * The number of measurements, and how many are worse than in the last good release beyond their
   * noise.
   */
  measurements: z.object({ total: z.number().int(), worse: z.number().int() }).nullable(),
  /** The components of the artifact, from its bills of materials. */
  materials: z.object({ components: z.number().int() }).nullable(),
})
export type ReportSummary = z.infer<typeof reportSummary>

/** Coverage of one file. `missed` lists the executable lines, from 1, that did not run. */
export const fileCoverage = covered.extend({
  file: z.string(),
  missed: z.array(z.number().int()),
  /** The lines that this change added or altered. */
  changed: z
    .object({
      covered: z.number().int(),
      lines: z.number().int(),
      missed: z.array(z.number().int()),
      reached: z.array(z.number().int()),
    })
    .nullable(),
})
export type FileCoverage = z.infer<typeof fileCoverage>

export const findingLevels = ['error', 'warning', 'note'] as const
export const severities = ['critical', 'high', 'medium', 'low'] as const

/** A result of a static analysis or security tool. */
export const finding = z.object({
  step: z.string(),
  tool: z.string(),
  rule: z.string(),
  level: z.enum(findingLevels),
  /** Severity of a vulnerability; null for other findings, or when the tool does not state it. */
  severity: z.enum(severities).nullable(),
  message: z.string(),
  file: z.string().nullable(),
  line: z.number().int().nullable(),
  /**
   * True when the last good release does not have the finding; null without a release to compare
   * with.
   */
  isNew: z.boolean().nullable(),
})
export type Finding = z.infer<typeof finding>

/** A result of a performance test, compared with the last good release. */
export const measurement = z.object({
  step: z.string(),
  name: z.string(),
  unit: z.string(),
  better: z.enum(['lower', 'higher']),
  value: z.number(),
  /**
   * Standard deviation of the samples, and their number; null when the report does not state them.
   */
  spread: z.object({ deviation: z.number(), samples: z.number().int() }).nullable(),
  /** The value in the last good release; null when it has none. */
  before: z.number().nullable(),
  /**
   * How much worse the value is, in percent (negative: better), and the 95 % interval. A bound is
   * null while the noise is unknown.
   */
  worse: z
    .object({ percent: z.number(), low: z.number().nullable(), high: z.number().nullable() })
    .nullable(),
})
export type Measurement = z.infer<typeof measurement>
