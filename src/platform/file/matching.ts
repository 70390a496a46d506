import type { Dirent } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { matchesAny, type PathPattern } from './pattern.ts'

/**
 * Returns the files and links below a folder that match one of the patterns, sorted by name.
 * Follows no link. A missing folder has no files. Folders with a name in `ignored` are left out.
 */
export async function listMatching(
  root: string,
  patterns: readonly PathPattern[],
  ignored: readonly string[],
): Promise<string[]> {
  const found: string[] = []
  const folders = ['']
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop())
    for (const entry of await entriesOf(join(root, folder))) {
      if (ignored.includes(entry.name)) continue
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`
      if (entry.isDirectory()) {
        if (patterns.some((pattern) => pattern.mayLeadTo(path))) folders.push(path)
      } else if ((entry.isFile() || entry.isSymbolicLink()) && matchesAny(patterns, path))
        found.push(path)
    }
  return found.sort()
}

async function entriesOf(folder: string): Promise<Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}
