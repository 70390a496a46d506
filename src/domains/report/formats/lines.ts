import { type ReportParser, ReportProblem } from '../report.ts'

/** Longer lines are no report. */
const longest = 1_000_000

/** Reads text line by line, from 1. */
export function lineParser(
  line: (text: string, number: number) => void,
  end: () => void,
): ReportParser {
  let rest = ''
  let number = 0
  const give = (text: string): void =>
    line(text.endsWith('\r') ? text.slice(0, -1) : text, (number += 1))
  return {
    write: (piece) => {
      const lines = (rest + piece).split('\n')
      rest = lines.pop() ?? ''
      if (rest.length > longest)
        throw new ReportProblem('has a line of more than a million characters', number + 1)
      lines.forEach(give)
    },
    end: () => {
      if (rest !== '') give(rest)
      end()
    },
  }
}
