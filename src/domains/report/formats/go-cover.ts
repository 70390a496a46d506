import { defineReportFormat, ReportProblem } from '../report.ts'
import { lineParser } from '../lines.ts'
import { maxLine } from '../plausible.ts'

const block = /^(.+):(\d+)\.\d+,(\d+)\.\d+ \d+ (\d+)$/

/** Limit for the lines of all blocks. */
const maxLines = 10_000_000

interface Block {
  from: number
  to: number
  count: number
}

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
    /** Every package that uses a file repeats its blocks with `-coverpkg`. */
    const files = new Map<string, Map<string, Block>>()
    let lines = 0
    const add = (file: string, { from, to, count }: Block, number: number): void => {
      const blocks = files.get(file) ?? new Map<string, Block>()
      files.set(file, blocks)
      const key = `${from},${to}`
      const known = blocks.get(key)
      if (!known) lines += Math.max(0, to - from + 1)
      if (to > maxLine || lines > maxLines)
        throw new ReportProblem('has blocks with too many lines for a Go cover profile', number)
      blocks.set(key, { from, to, count: Math.max(count, known?.count ?? 0) })
    }
    return lineParser(
      (line, number) => {
        if (line === '' || line.startsWith('mode: ')) return
        const found = block.exec(line)
        if (!found)
          throw new ReportProblem('has a line that is not a block of a Go cover profile', number)
        const [, file = '', from, to, count] = found
        add(file, { from: Number(from), to: Number(to), count: Number(count) }, number)
      },
      () => {
        for (const [file, blocks] of files) sink.coverage({ file, hits: hitsOf(blocks.values()) })
      },
    )
  },
})

/** A line in several blocks ran as often as the block that ran most often. */
function hitsOf(blocks: Iterable<Block>): Map<number, number> {
  const hits = new Map<number, number>()
  for (const { from, to, count } of blocks)
    for (let line = from; line <= to; line += 1)
      hits.set(line, Math.max(hits.get(line) ?? 0, count))
  return hits
}
