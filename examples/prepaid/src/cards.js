import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** A card processor that only records: one file a charge, named by its key, so that a key is taken once. */
export function recordingCards(folder) {
  return {
    /** Answers whether this call charged the card; false when the key was charged before. */
    async charge({ key, account, amount }) {
      await mkdir(folder, { recursive: true })
      const file = join(folder, `${createHash('sha256').update(key).digest('hex').slice(0, 32)}.json`)
      try {
        await writeFile(file, JSON.stringify({ key, account, amount }), { flag: 'wx' })
        return true
      } catch (error) {
        if (error.code === 'EEXIST') return false
        throw error
      }
    },
    async charges() {
      const files = await readdir(folder).catch(() => [])
      return Promise.all(files.map(async (file) => JSON.parse(await readFile(join(folder, file), 'utf8'))))
    },
  }
}
