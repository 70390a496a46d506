import { z } from 'zod'

export const testOutcomes = ['passed', 'failed', 'errored', 'skipped'] as const

/** One test of a run, and how it did before. */
export const testResult = z.object({
  step: z.string(),
  suite: z.string(),
  name: z.string(),
  outcome: z.enum(testOutcomes),
  /** seconds; null when its report does not say */
  seconds: z.number().nullable(),
  file: z.string().nullable(),
  /** why it failed, up to 4,000 characters */
  message: z.string().nullable(),
  /** its outcome in the run before that had it; null when there is none */
  before: z.enum(testOutcomes).nullable(),
  /** a waiver says that it stops nothing when it fails */
  isQuarantined: z.boolean(),
  /** in how many of the last commits it both passed and failed, of how many it ran in */
  flaky: z.object({ commits: z.number().int(), of: z.number().int() }),
})
export type TestResult = z.infer<typeof testResult>

const covered = z.object({ covered: z.number().int(), lines: z.number().int() })
const byLevel = z.object({
  error: z.number().int(),
  warning: z.number().int(),
  note: z.number().int(),
})

/** What the reports of a run say, in numbers. */
export const reportSummary = z.object({
  /** null when no step has a report of tests */
  tests: z
    .object({
      total: z.number().int(),
      passed: z.number().int(),
      failed: z.number().int(),
      errored: z.number().int(),
      skipped: z.number().int(),
      /** failed or errored now, and not in the run before */
      broken: z.number().int(),
      /** failed or errored, and quarantined: they stop nothing */
      quarantined: z.number().int(),
      /** the sum of what they took */
      seconds: z.number(),
    })
    .nullable(),
  /**
   * lines that can run and did; `changed` are those that this change added or altered; null when no
   * step has a report
   */
  coverage: z.object({ total: covered, changed: covered.nullable() }).nullable(),
  /**
   * by level, and those of them that the last good release has not; null when no step has a report
   * of findings
   */
  findings: byLevel.extend({ fresh: byLevel.nullable() }).nullable(),
  /** how many there are, and how many are worse than in the last good release beyond their noise */
  measurements: z.object({ total: z.number().int(), worse: z.number().int() }).nullable(),
  /** what the artifact is made of, by its bills of materials */
  materials: z.object({ components: z.number().int() }).nullable(),
})
export type ReportSummary = z.infer<typeof reportSummary>

/** Coverage of one file; `missed` are lines, from 1, that could run and did not. */
export const fileCoverage = covered.extend({
  file: z.string(),
  missed: z.array(z.number().int()),
  /** of the lines that this change added or altered */
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

/** What a tool for static analysis or security found. */
export const finding = z.object({
  step: z.string(),
  tool: z.string(),
  rule: z.string(),
  level: z.enum(findingLevels),
  /** of a vulnerability; null for what is none, or where the tool does not say */
  severity: z.enum(severities).nullable(),
  message: z.string(),
  file: z.string().nullable(),
  line: z.number().int().nullable(),
  /** the last good release does not have it; null when there is nothing to compare with */
  isNew: z.boolean().nullable(),
})
export type Finding = z.infer<typeof finding>

/**
 * A number that a test of performance measured, and what became of it since the last good release.
 */
export const measurement = z.object({
  step: z.string(),
  name: z.string(),
  unit: z.string(),
  better: z.enum(['lower', 'higher']),
  value: z.number(),
  /**
   * standard deviation of its samples, and how many there were; null when the report does not say
   */
  spread: z.object({ deviation: z.number(), samples: z.number().int() }).nullable(),
  /** in the last good release; null when it has none */
  before: z.number().nullable(),
  /**
   * By how many percent it is worse (below zero: better), and the 95 % interval of that. An end is
   * null while its noise is not known.
   */
  worse: z
    .object({ percent: z.number(), low: z.number().nullable(), high: z.number().nullable() })
    .nullable(),
})
export type Measurement = z.infer<typeof measurement>
