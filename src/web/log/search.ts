import { plainText } from './ansi.ts'
import { chunkSize, type LogBuffer } from './buffer.ts'

export interface Found {
  /** the numbers of the lines that contain the words */
  lines: number[]
  /** how many lines were looked at */
  searched: number
}

export const nothingFound: Found = { lines: [], searched: 0 }

/**
 * Looks through a log, reading what is not there yet, and tells after each chunk; goes on from
 * `found`.
 */
export async function searchLog(
  buffer: LogBuffer,
  wanted: string,
  found: Found,
  tell: (found: Found) => void,
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
    tell({ lines, searched })
  }
}
