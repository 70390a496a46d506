import type { Readable } from 'node:stream'

/**
 * Reads the output of `git cat-file --batch` entry by entry; null for a missing blob or one that is
 * not text.
 */
export function createBlobs(stream: Readable): { next(): Promise<string | null> } {
  const bytes = stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>
  let rest = Buffer.alloc(0)
  const more = async (): Promise<boolean> => {
    const piece = await bytes.next()
    if (piece.done) return false
    rest = Buffer.concat([rest, piece.value])
    return true
  }
  const take = async (length: number): Promise<Buffer | null> => {
    while (rest.length < length) if (!(await more())) return null
    const taken = rest.subarray(0, length)
    rest = rest.subarray(length)
    return taken
  }
  const header = async (): Promise<string | null> => {
    for (;;) {
      const end = rest.indexOf(10)
      if (end !== -1) return (await take(end + 1))?.toString('latin1').trimEnd() ?? null
      if (!(await more())) return null
    }
  }
  return {
    next: async () => {
      const size = / blob (\d+)$/.exec((await header()) ?? '')?.[1]
      if (size === undefined) return null
      const content = (await take(Number(size) + 1))?.subarray(0, -1) ?? null
      return content === null || content.includes(0) ? null : content.toString('utf8')
    },
  }
}
