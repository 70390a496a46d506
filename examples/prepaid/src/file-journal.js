import { randomUUID } from 'node:crypto'
import { mkdir, open, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * A journal in a file that several processes may append to at once. Each line is one write at the end of the file, begun
 * with a line feed of its own, so that a line that was cut off by a crash spoils no other.
 */
export function fileJournal(folder) {
  const file = join(folder, 'journal.jsonl')
  let offset = 0
  return {
    kind: 'file',
    async append(line) {
      await mkdir(folder, { recursive: true })
      const handle = await open(file, 'a')
      try {
        await handle.appendFile(`\n${line}\n`)
        await handle.datasync()
      } finally {
        await handle.close()
      }
    },
    /** The lines that this reader has not seen yet. */
    async read() {
      const handle = await open(file, 'r').catch((error) => {
        if (error.code === 'ENOENT') return null
        throw error
      })
      if (!handle) return []
      try {
        const { size } = await handle.stat()
        const bytes = Buffer.alloc(Math.max(0, size - offset))
        const { bytesRead } = await handle.read(bytes, 0, bytes.length, offset)
        const end = bytes.subarray(0, bytesRead).lastIndexOf('\n') + 1
        offset += end
        return bytes.toString('utf8', 0, end).split('\n').filter(Boolean)
      } finally {
        await handle.close()
      }
    },
    /** Throws unless the store can be written and read back. */
    async probe() {
      await mkdir(folder, { recursive: true })
      // A file of its own for each probe: several are asked for at once.
      const value = randomUUID()
      const probe = join(folder, `probe-${value}`)
      const handle = await open(file, 'a')
      await handle.close()
      await writeFile(probe, value)
      const read = await readFile(probe, 'utf8')
      await rm(probe, { force: true })
      if (read !== value) throw new Error('the store does not keep what is written')
    },
    async close() {},
  }
}
