import { readdirSync } from 'node:fs'
import { basename, dirname } from 'node:path'

/**
 * Whether a path does not exist, by the list of names in its folder. Throws when neither its folder
 * nor one above it can be listed.
 */
export function isAbsent(path: string): boolean {
  const folder = dirname(path)
  try {
    return !readdirSync(folder).includes(basename(path))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || folder === path) throw error
    return isAbsent(folder)
  }
}
