import type { z } from 'zod'
import { FairleadError } from '#contract/errors.ts'

/**
 * Parses a part of a request. Throws an error that names the first invalid field; unknown keys of a
 * body are refused.
 */
export function parse(where: string, schema: z.ZodType, value: unknown): unknown {
  const strict = where === 'body' && 'strict' in schema ? (schema as z.ZodObject).strict() : schema
  const result = strict.safeParse(value)
  if (result.success) return result.data
  const [issue] = result.error.issues
  const keys = issue?.code === 'unrecognized_keys' ? issue.keys.join(', ') : null
  const field = [where, ...(issue?.path.map(String) ?? []), ...(keys === null ? [] : [keys])].join(
    '.',
  )
  const problem =
    keys === null ? lowerFirst(issue?.message ?? 'is invalid') : 'is not a known field'
  throw new FairleadError('invalid_input', { field, problem: problem.replace(/\.$/, '') })
}

const lowerFirst = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1)
