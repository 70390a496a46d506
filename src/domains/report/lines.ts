import { type ReportParser, ReportProblem } from './report.ts'

const maxLength = 1_000_000

/** Reads text line by line; line numbers start at 1. */
export function lineParser(
  line: (text: string, number: number) => void,
  end: () => void,
): ReportParser {
  let rest = ''
  let number = 0
  const emit = (text: string): void =>
    line(text.endsWith('\r') ? text.slice(0, -1) : text, (number += 1))
  return {
    write: (piece) => {
      const lines = (rest + piece).split('\n')
      rest = lines.pop() ?? ''
      if (rest.length > maxLength)
        throw new ReportProblem('has a line of more than one million characters', number + 1)
      lines.forEach(emit)
    },
    end: () => {
      if (rest !== '') emit(rest)
      end()
    },
  }
}
