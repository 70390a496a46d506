import { z } from 'zod'

const complexity = z.object({ cyclomatic: z.number().int(), cognitive: z.number().int() })

/** A function in a file that a change touched. */
export const codeFunction = complexity.extend({
  file: z.string(),
  /** Qualified with the classes and functions around it. */
  name: z.string(),
  /** Lines from 1, both inclusive. */
  line: z.number().int(),
  end: z.number().int(),
  parameters: z.number().int(),
  /** The code of the function differs from the last good release. */
  isChanged: z.boolean(),
  /** The same function in the last good release; null without one. */
  before: complexity.nullable(),
})
export type CodeFunction = z.infer<typeof codeFunction>

/** All code of a commit in numbers. */
export const codeSummary = z.object({
  files: z.number().int(),
  lines: z.number().int(),
  /** Lines that are neither blank nor a comment. */
  code: z.number().int(),
  functions: z.number().int(),
  /** The highest cyclomatic complexity, and the number of functions above 15. */
  highest: z.number().int(),
  complex: z.number().int(),
  /** Lines of code in blocks of at least ten lines that occur more than once. */
  duplicated: z.number().int(),
  /** Files with syntax that their grammar does not recognise. */
  broken: z.number().int(),
  languages: z.record(z.string(), z.number().int()),
})
export type CodeSummary = z.infer<typeof codeSummary>

/** A block of a changed file that occurs elsewhere too. Lines count from 1. */
export const duplicate = z.object({
  file: z.string(),
  line: z.number().int(),
  end: z.number().int(),
  of: z.object({ file: z.string(), line: z.number().int() }),
})

/** The code of a commit in numbers, and the effect of a change on it. */
export const codeReport = z.object({
  summary: codeSummary,
  /** The last good release; null without one. */
  before: codeSummary.nullable(),
  /** Functions of the files that the change touched, the most complex first. */
  functions: z.array(codeFunction),
  duplicates: z.array(duplicate),
  /** Files of the commit that exceeded the limits of the analysis or crashed it. */
  unmeasured: z.array(z.object({ file: z.string(), reason: z.string(), isTouched: z.boolean() })),
})
export type CodeReport = z.infer<typeof codeReport>
