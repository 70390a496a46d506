import { z } from 'zod'
import { codeFunction, codeSummary, duplicate } from './code.ts'
import { diffFile } from './diff.ts'
import { evidence } from '#contract/evidence/evidence.ts'
import { gate } from '#contract/gate/gate.ts'
import { finding, measurement, reportSummary, testResult } from '#contract/report/report.ts'

/**
 * What is known of a run in numbers, and the last good release that it is compared with; both null
 * while there is none.
 */
export const runNumbers = reportSummary.extend({
  code: codeSummary.nullable(),
  base: z.object({ run: z.number().int().nullable(), sha: z.string().nullable() }),
})
export type RunNumbers = z.infer<typeof runNumbers>

/** One run of an app among others: how its numbers go. */
export const trend = z.object({
  run: z.number().int(),
  time: z.string(),
  numbers: runNumbers.omit({ base: true }),
})
export type Trend = z.infer<typeof trend>

/** A file of a diff with what is known of its lines, from 1. */
export const changedFile = diffFile.extend({
  /** its lines are left out, because the diff is large */
  isCut: z.boolean(),
  /** of the lines that the change added or altered; null when no report knows the file */
  coverage: z
    .object({ reached: z.array(z.number().int()), missed: z.array(z.number().int()) })
    .nullable(),
  findings: z.array(finding),
  functions: z.array(codeFunction),
  duplicates: z.array(duplicate),
})
export type ChangedFile = z.infer<typeof changedFile>

/** Why a change is safe, or what is wrong with it. */
export const changeReport = z.object({
  numbers: runNumbers,
  /** the same of the last good release; null while there is none, or nothing is known of it */
  before: trend.shape.numbers.nullable(),
  gates: z.array(gate),
  /** null when git cannot say what changed */
  files: z.array(changedFile).nullable(),
  /** those that newly fail first; the first hundred */
  tests: z.array(testResult),
  /** of files that the change does not touch, or of none; the first hundred */
  findings: z.array(finding),
  measurements: z.array(measurement),
  evidence: z.array(evidence.omit({ envelope: true })),
})
export type ChangeReport = z.infer<typeof changeReport>
