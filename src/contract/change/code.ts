import { z } from 'zod'

const complexity = z.object({ cyclomatic: z.number().int(), cognitive: z.number().int() })

/** A function of a file that a change touched. */
export const codeFunction = complexity.extend({
  file: z.string(),
  /** with the classes and functions around it */
  name: z.string(),
  /** lines from 1, both inclusive */
  line: z.number().int(),
  end: z.number().int(),
  parameters: z.number().int(),
  /** the change altered a line of it */
  isChanged: z.boolean(),
  /** of the function of this name in the last good release; null when it was not there */
  before: complexity.nullable(),
})
export type CodeFunction = z.infer<typeof codeFunction>

/** All code of a commit in numbers. */
export const codeSummary = z.object({
  files: z.number().int(),
  lines: z.number().int(),
  /** lines that are neither blank nor a comment */
  code: z.number().int(),
  functions: z.number().int(),
  /** the highest cyclomatic complexity, and how many functions have more than 15 */
  highest: z.number().int(),
  complex: z.number().int(),
  /** lines of code in blocks of ten or more that are elsewhere, too */
  duplicated: z.number().int(),
  /** files that the grammar of their language does not wholly understand */
  broken: z.number().int(),
  languages: z.record(z.string(), z.number().int()),
})
export type CodeSummary = z.infer<typeof codeSummary>

/** A block of a changed file that is elsewhere, too. Lines from 1. */
export const duplicate = z.object({
  file: z.string(),
  line: z.number().int(),
  end: z.number().int(),
  of: z.object({ file: z.string(), line: z.number().int() }),
})

/** What the code of a commit is like, and what a change did to it. */
export const codeReport = z.object({
  summary: codeSummary,
  /** the last good release; null when there is none */
  before: codeSummary.nullable(),
  /** of the files that the change touched, the most complex first */
  functions: z.array(codeFunction),
  duplicates: z.array(duplicate),
})
export type CodeReport = z.infer<typeof codeReport>
