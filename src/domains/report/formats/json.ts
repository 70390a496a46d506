import type { z } from 'zod'
import { type ReportParser, ReportProblem } from '../report.ts'

/** JSON is read as a whole, up to so many characters. */
const atMost = 64 * 1024 * 1024

/** Reads a report in JSON, checked against the shape that its kind has. */
export function jsonParser<T>(
  kind: string,
  shape: z.ZodType<T>,
  read: (report: T) => void,
): ReportParser {
  let text = ''
  return {
    write: (piece) => {
      text += piece
      if (text.length > atMost) throw new ReportProblem('is larger than 64 MB')
    },
    end: () => {
      let json: unknown
      try {
        json = JSON.parse(text)
      } catch (error) {
        throw new ReportProblem(`is not whole JSON: ${(error as Error).message}`)
      }
      const checked = shape.safeParse(json)
      if (checked.success) return read(checked.data)
      const [issue] = checked.error.issues
      throw new ReportProblem(
        `is not ${kind}: ${issue?.path.join('.') || 'it'} ${issue?.message ?? 'is not right'}`,
      )
    },
  }
}
