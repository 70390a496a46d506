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
  /** in how many of the last commits it both passed and failed, of how many it ran in */
  flaky: z.object({ commits: z.number().int(), of: z.number().int() }),
})
export type TestResult = z.infer<typeof testResult>

const covered = z.object({ covered: z.number().int(), lines: z.number().int() })

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
      /** the sum of what they took */
      seconds: z.number(),
    })
    .nullable(),
  /** lines that can run and did; `changed` are those that this change added or altered; null when no step has a report */
  coverage: z.object({ total: covered, changed: covered.nullable() }).nullable(),
  /** by level; null when no step has a report of findings */
  findings: z.object({ error: z.number().int(), warning: z.number().int(), note: z.number().int() }).nullable(),
})
export type ReportSummary = z.infer<typeof reportSummary>

/** Coverage of one file; `missed` are lines, from 1, that could run and did not. */
export const fileCoverage = covered.extend({
  file: z.string(),
  missed: z.array(z.number().int()),
  /** of the lines that this change added or altered */
  changed: z
    .object({ covered: z.number().int(), lines: z.number().int(), missed: z.array(z.number().int()) })
    .nullable(),
})
export type FileCoverage = z.infer<typeof fileCoverage>

export const findingLevels = ['error', 'warning', 'note'] as const

/** What a tool for static analysis or security found. */
export const finding = z.object({
  step: z.string(),
  tool: z.string(),
  rule: z.string(),
  level: z.enum(findingLevels),
  message: z.string(),
  file: z.string().nullable(),
  line: z.number().int().nullable(),
  /** it was not there in the run before */
  isNew: z.boolean(),
})
export type Finding = z.infer<typeof finding>
