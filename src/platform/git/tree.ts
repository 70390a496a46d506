import { git, GitError } from './git.ts'

/** The paths of the files of a commit. */
export async function listTree(repository: string, sha: string): Promise<string[]> {
  const options = ['ls-tree', '-r', '--name-only', '-z', '--end-of-options', sha]
  const { stdout } = await git(repository, options)
  return stdout.split('\0').filter(Boolean)
}

/** The text of a file of a commit; null when it has no such file. */
export async function readFileAt(bare: string, sha: string, path: string): Promise<string | null> {
  try {
    return (await git(bare, ['show', '--end-of-options', `${sha}:${path}`])).stdout
  } catch (error) {
    if (error instanceof GitError) return null
    throw error
  }
}
