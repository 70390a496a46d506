import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { z } from 'zod'
import { git } from '#platform/git/git.ts'

/** Untracked paths of a working tree, as `git status` prints them. */
export async function untrackedPaths(folder: string): Promise<string[]> {
  const { stdout } = await git(folder, ['status', '--porcelain'])
  return stdout.split('\n').flatMap((line) => (line.startsWith('?? ') ? [line.slice(3)] : []))
}

const fileOf = async (folder: string): Promise<string> =>
  resolve(folder, (await git(folder, ['rev-parse', '--git-path', 'fairlead.json'])).stdout.trim())

const list = z.object({ written: z.array(z.string()) })

/** The untracked paths that steps of `fairlead run` created in this working tree. */
export async function writtenPaths(folder: string): Promise<string[]> {
  const text = await readFile(await fileOf(folder), 'utf8').catch(() => '{"written":[]}')
  try {
    return list.parse(JSON.parse(text)).written
  } catch {
    return []
  }
}

/**
 * Runs steps in a working tree and remembers, in the folder of git, the untracked paths that they
 * created. Outside a repository it only runs them.
 */
export async function rememberWritten<T>(folder: string, work: () => Promise<T>): Promise<T> {
  const before = await untrackedPaths(folder).catch(() => null)
  if (before === null) return work()
  try {
    return await work()
  } finally {
    const after = await untrackedPaths(folder)
    const known = await writtenPaths(folder)
    const written = after.filter((path) => known.includes(path) || !before.includes(path))
    const file = await fileOf(folder)
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, JSON.stringify({ written }))
  }
}
