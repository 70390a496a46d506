import { glob, mkdir, mkdtemp, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * Returns the files below a folder that match any of the patterns, sorted by name. Folders of git
 * and of package managers are left out.
 */
export async function findFiles(folder: string, patterns: string[]): Promise<string[]> {
  const found = new Set<string>()
  const isForeign = (name: string): boolean => name === '.git' || name === 'node_modules'
  for (const pattern of patterns)
    for await (const path of glob(pattern, { cwd: folder, exclude: isForeign })) found.add(path)
  return [...found].sort()
}

/**
 * The current time of the clock that dates files, in milliseconds since the epoch. The kernel dates
 * files with a coarse clock that lags by up to 10 ms, so a file written right after `Date.now()`
 * can carry an earlier time.
 */
export async function fileTime(folder: string): Promise<number> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const made = await mkdtemp(join(folder, '.time-'))
  const { mtimeMs } = await stat(made)
  await rm(made, { recursive: true })
  return mtimeMs
}
