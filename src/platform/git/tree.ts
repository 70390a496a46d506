import { git } from './git.ts'

/** The paths of the files of a commit. */
export async function listTree(repository: string, sha: string): Promise<string[]> {
  const options = ['ls-tree', '-r', '--name-only', '-z', '--end-of-options', sha]
  const { stdout } = await git(repository, options)
  return stdout.split('\0').filter(Boolean)
}
