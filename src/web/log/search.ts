import { plainText } from './ansi.ts'
import { chunkSize, type LogBuffer } from './buffer.ts'

export interface Found {
  /** numbers of the lines with a match */
  lines: number[]
  /** number of lines searched so far */
  searched: number
}

export const nothingFound: Found = { lines: [], searched: 0 }

/**
 * Searches a log from where `found` ended, reads missing chunks, and reports the result after each
 * chunk.
 */
export async function searchLog(
  buffer: LogBuffer,
  wanted: string,
  found: Found,
  report: (found: Found) => void,
  signal: AbortSignal,
): Promise<void> {
  let { lines, searched } = found
  while (searched < buffer.state().total && !signal.aborted) {
    const index = Math.floor(searched / chunkSize)
    await buffer.ensure(index)
    if (signal.aborted) return
    const end = Math.min((index + 1) * chunkSize, buffer.state().total)
    const here: number[] = []
    for (let n = searched + 1; n <= end; n += 1) {
      const line = buffer.line(n)
      if (line && line !== 'missing' && plainText(line.text).toLowerCase().includes(wanted))
        here.push(n)
    }
    lines = here.length > 0 ? [...lines, ...here] : lines
    searched = end
    report({ lines, searched })
  }
}
