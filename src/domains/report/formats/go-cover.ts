import { type Format, ReportProblem } from '../report.ts'
import { lineParser } from './lines.ts'

const block = /^(.+):(\d+)\.\d+,(\d+)\.\d+ \d+ (\d+)$/

/** Of all blocks together. */
const linesAtMost = 50_000_000

/** Profiles of `go test -coverprofile`: blocks of lines, with how often each ran. */
export const goCover: Format = {
  name: 'Go cover',
  tells: ['coverage'],
  recognises: (head) => /^mode: (set|count|atomic)\s*$/m.test(head),
  parser: (sink) => {
    const files = new Map<string, Map<number, number>>()
    let lines = 0
    return lineParser(
      (line, number) => {
        if (line === '' || line.startsWith('mode: ')) return
        const found = block.exec(line)
        if (!found)
          throw new ReportProblem('has a line that is not a block of a Go profile', number)
        const [, file = '', from = '', to = '', count = ''] = found
        const hits = files.get(file) ?? new Map<number, number>()
        files.set(file, hits)
        lines += Math.max(0, Number(to) - Number(from))
        if (lines > linesAtMost)
          throw new ReportProblem('has blocks of too many lines to be a Go profile', number)
        for (let at = Number(from); at <= Number(to); at += 1)
          hits.set(at, Math.max(hits.get(at) ?? 0, Number(count)))
      },
      () => {
        for (const [file, hits] of files) sink.hits({ file, hits })
      },
    )
  },
}
