import type { z } from 'zod'
import { type ReportParser, ReportProblem } from './report.ts'

/** A JSON report is parsed as a whole, up to this many characters. */
const maxLength = 64 * 1024 * 1024

/** Reads a report in JSON and validates it; `format` is the name in error messages. */
export function jsonParser<T>(
  format: string,
  schema: z.ZodType<T>,
  read: (report: T) => void,
): ReportParser {
  let text = ''
  return {
    write: (piece) => {
      text += piece
      if (text.length > maxLength) throw new ReportProblem('is larger than 64 MB')
    },
    end: () => {
      const checked = schema.safeParse(parse(text))
      if (checked.success) return read(checked.data)
      const [issue] = checked.error.issues
      const path = issue?.path.join('.') ?? ''
      throw new ReportProblem(
        `is not a valid ${format} report: ${path === '' ? '' : `${path}: `}${issue?.message ?? ''}`,
      )
    },
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new ReportProblem(`is not valid JSON: ${(error as Error).message}`)
  }
}
