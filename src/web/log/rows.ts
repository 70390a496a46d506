import { plainText } from './ansi.ts'
import { type Chunk, chunkSize } from './buffer.ts'

/** The position of lines in rows. A wrapped line takes several rows. */
export interface Rows {
  total: number
  /** number of rows before a line; lines count from 1 */
  before(n: number): number
  /** the line at a row */
  lineAt(row: number): number
}

interface Measured {
  version: number
  rows: Uint16Array
  sum: number
}

const eastAsian =
  '\\u1100-\\u115f\\u2e80-\\ua4cf\\uac00-\\ud7a3\\uf900-\\ufaff' +
  '\\ufe30-\\ufe6f\\uff00-\\uff60\\uffe0-\\uffe6'
const wide = new RegExp(`[${eastAsian}]|[\\ud83c-\\ud83e][\\udc00-\\udfff]`, 'g')
const most = 65_535

/** The width of a text in columns. East Asian characters and emoji take two. */
export const widthOf = (text: string): number =>
  text.length +
  (/[\u1100-\uffff]/.test(text) ? (text.match(wide)?.filter((c) => c.length === 1).length ?? 0) : 0)

/** Measures the lines of a chunk. Results are cached until the chunk changes. */
export function createMeasure(columns: number) {
  const measured = new Map<number, Measured>()
  const measure = (chunk: Chunk): Measured => {
    const rows = new Uint16Array(chunkSize).fill(1)
    let sum = chunkSize
    chunk.lines.forEach((line, index) => {
      if (!line) return
      const count = Math.min(most, Math.max(1, Math.ceil(widthOf(plainText(line.text)) / columns)))
      rows[index] = count
      sum += count - 1
    })
    return { version: chunk.version, rows, sum }
  }
  return (index: number, chunk: Chunk | undefined): Measured | null => {
    if (!chunk) return null
    const known = measured.get(index)
    if (known?.version === chunk.version) return known
    const made = measure(chunk)
    measured.set(index, made)
    return made
  }
}

/** Rows without wrapping: one for each line. */
export const plainRows = (total: number): Rows => ({
  total,
  before: (n) => n - 1,
  lineAt: (row) => Math.min(Math.max(Math.floor(row) + 1, 1), Math.max(total, 1)),
})

/** Rows with wrapping. A line that is not read yet counts as one row. */
export function wrappedRows(
  total: number,
  measure: ReturnType<typeof createMeasure>,
  chunk: (index: number) => Chunk | undefined,
): Rows {
  const count = Math.ceil(total / chunkSize)
  const starts = new Float64Array(count + 1)
  for (let index = 0; index < count; index += 1) {
    const size = Math.min(chunkSize, total - index * chunkSize)
    const missing = chunkSize - size
    starts[index + 1] =
      (starts[index] ?? 0) + (measure(index, chunk(index))?.sum ?? chunkSize) - missing
  }
  const before = (n: number): number => {
    const index = Math.floor((n - 1) / chunkSize)
    const rows = measure(index, chunk(index))?.rows
    let sum = starts[index] ?? 0
    for (let at = 0; at < (n - 1) % chunkSize; at += 1) sum += rows?.[at] ?? 1
    return sum
  }
  const lineAt = (row: number): number => {
    let index = 0
    while (index < count - 1 && (starts[index + 1] ?? 0) <= row) index += 1
    const rows = measure(index, chunk(index))?.rows
    let sum = starts[index] ?? 0
    let n = index * chunkSize + 1
    while (
      n < Math.min(total, (index + 1) * chunkSize) &&
      sum + (rows?.[(n - 1) % chunkSize] ?? 1) <= row
    ) {
      sum += rows?.[(n - 1) % chunkSize] ?? 1
      n += 1
    }
    return Math.max(1, n)
  }
  return { total: starts[count] ?? 0, before, lineAt }
}
