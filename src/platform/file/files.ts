import { mkdir, mkdtemp, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { listMatching } from './matching.ts'
import { compilePatterns } from './pattern.ts'

/**
 * Returns the files below a folder that match any of the patterns, sorted by name. Folders of git
 * and of package managers are left out.
 */
export async function findFiles(folder: string, patterns: string[]): Promise<string[]> {
  return listMatching(folder, compilePatterns(patterns), ['.git', 'node_modules'])
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
