import { glob, mkdir, mkdtemp, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * The files below a folder that match any of the patterns, by name; without what git and package
 * managers keep.
 */
export async function findFiles(folder: string, patterns: string[]): Promise<string[]> {
  const found = new Set<string>()
  const isForeign = (name: string): boolean => name === '.git' || name === 'node_modules'
  for (const pattern of patterns)
    for await (const path of glob(pattern, { cwd: folder, exclude: isForeign })) found.add(path)
  return [...found].sort()
}

/**
 * The time by which files are dated, in milliseconds since the epoch. The kernel dates them by a
 * clock that goes in steps of up to 10 ms and so lags behind that of processes: a file that is
 * written just after `Date.now()` may be dated before it.
 */
export async function fileTime(folder: string): Promise<number> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const made = await mkdtemp(join(folder, '.time-'))
  const { mtimeMs } = await stat(made)
  await rm(made, { recursive: true })
  return mtimeMs
}
