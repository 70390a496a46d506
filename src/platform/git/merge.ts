import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { git, GitError } from './git.ts'

/** A merged file, and the patch for `git apply` that leads to it; empty when nothing changes. */
export interface MergedFile {
  text: string
  patch: string
}

/**
 * Applies the change from `base` to `theirs` to the file `ours` at a path. Null when both change
 * the same lines.
 */
export async function mergeFile({
  path,
  ours,
  base,
  theirs,
}: {
  path: string
  ours: string
  base: string
  theirs: string
}): Promise<MergedFile | null> {
  const folder = mkdtempSync(join(tmpdir(), 'fairlead-merge-'))
  const file = join(folder, path)
  if (relative(folder, file).startsWith('..')) throw new Error(`${path} leads out of its folder`)
  try {
    await git(folder, ['init', '--quiet'])
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, ours)
    await git(folder, ['add', '--force', '--', path])
    const [from, to] = [join(folder, '.git', 'base'), join(folder, '.git', 'theirs')]
    writeFileSync(from, base)
    writeFileSync(to, theirs)
    await git(folder, ['merge-file', '--quiet', '--', path, from, to])
    const { stdout } = await git(folder, ['diff', '--no-ext-diff', '--', path])
    return { text: readFileSync(file, 'utf8'), patch: stdout }
  } catch (error) {
    // The exit code of merge-file is the number of conflicts.
    if (error instanceof GitError && error.code === 'refused') return null
    throw error
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
