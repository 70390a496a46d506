import { defineReportFormat, ReportProblem } from '../report.ts'
import { lineParser } from '../lines.ts'

const block = /^(.+):(\d+)\.\d+,(\d+)\.\d+ \d+ (\d+)$/

/** Limit for the lines of all blocks. */
const maxLines = 50_000_000

/** A Go profile lists blocks of lines and how often each ran. */
export default defineReportFormat({
  name: 'Go cover',
  title: '`go test -coverprofile`',
  topics: ['coverage'],
  example: `mode: set
example.com/shop/cart.go:3.20,5.2 1 1
`,
  detect: (head) => /^mode: (set|count|atomic)\s*$/m.test(head),
  parser: (sink) => {
    const files = new Map<string, Map<number, number>>()
    let lines = 0
    return lineParser(
      (line, number) => {
        if (line === '' || line.startsWith('mode: ')) return
        const found = block.exec(line)
        if (!found)
          throw new ReportProblem('has a line that is not a block of a Go cover profile', number)
        const [, file = '', from = '', to = '', count = ''] = found
        const hits = files.get(file) ?? new Map<number, number>()
        files.set(file, hits)
        lines += Math.max(0, Number(to) - Number(from))
        // Above 2^53 a number plus one is the same number, and the loop below would not end.
        if (lines > maxLines || !Number.isSafeInteger(Number(to)))
          throw new ReportProblem('has blocks with too many lines for a Go cover profile', number)
        for (let at = Number(from); at <= Number(to); at += 1)
          hits.set(at, Math.max(hits.get(at) ?? 0, Number(count)))
      },
      () => {
        for (const [file, hits] of files) sink.coverage({ file, hits })
      },
    )
  },
})
