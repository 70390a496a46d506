import { z } from 'zod'
import { machineRun } from '#contract/machine/machine.ts'
import { codeFunction, codeSummary, duplicate } from './code.ts'
import { diffFile } from './diff.ts'
import { evidence } from '#contract/evidence/evidence.ts'
import { gate } from '#contract/gate/gate.ts'
import { runStates } from '#contract/run/run.ts'
import { finding, measurement, reportSummary, testResult } from '#contract/report/report.ts'

/**
 * The numbers of a run and of the last good release that it is compared with; both null when
 * unknown.
 */
export const runNumbers = reportSummary.extend({
  code: codeSummary.nullable(),
  base: z.object({ run: z.number().int().nullable(), sha: z.string().nullable() }),
})
export type RunNumbers = z.infer<typeof runNumbers>

/** The numbers of one run, as a point of a trend. */
export const trend = z.object({
  run: z.number().int(),
  state: z.enum(runStates),
  time: z.string(),
  numbers: runNumbers.omit({ base: true }),
})
export type Trend = z.infer<typeof trend>

/** A file of a diff with the facts about its lines, which count from 1. */
export const changedFile = diffFile.extend({
  /** The lines are left out because the diff is large. */
  isCut: z.boolean(),
  /** Lines that the change added or altered; null when no report mentions the file. */
  coverage: z
    .object({ reached: z.array(z.number().int()), missed: z.array(z.number().int()) })
    .nullable(),
  findings: z.array(finding),
  functions: z.array(codeFunction),
  duplicates: z.array(duplicate),
})
export type ChangedFile = z.infer<typeof changedFile>

/** The facts that show whether a change is safe. */
export const changeReport = z.object({
  numbers: runNumbers,
  /** The numbers of the last good release; null without one, or when they are unknown. */
  before: trend.shape.numbers.nullable(),
  gates: z.array(gate),
  /**
   * The commits since the previous head of the branch, newest first, at most 100. Null when git
   * cannot determine them.
   */
  commits: z
    .array(z.object({ sha: z.string(), subject: z.string(), author: z.string() }))
    .nullable(),
  /** Null when git cannot determine the changed files. */
  files: z.array(changedFile).nullable(),
  /** The first hundred tests, newly failing ones first. */
  tests: z.array(testResult),
  /** The first hundred findings outside the files that the change touches. */
  findings: z.array(finding),
  measurements: z.array(measurement),
  evidence: z.array(evidence.omit({ envelope: true })),
  /** The newest plan for the machines of each environment. */
  machines: z.array(machineRun).default([]),
})
export type ChangeReport = z.infer<typeof changeReport>
