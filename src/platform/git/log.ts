import { git, GitError } from './git.ts'

export interface LoggedCommit {
  sha: string
  subject: string
  author: string
}

/**
 * The commits of `sha` that are not in `base`, newest first, beginning with `sha` itself unless
 * `base` contains it. Null when git cannot determine them.
 */
export async function listCommits(
  bare: string,
  base: string | null,
  sha: string,
  limit: number,
): Promise<LoggedCommit[] | null> {
  const format = '--format=%H%x00%an%x00%s'
  const range = ['--end-of-options', sha, ...(base === null ? [] : [`^${base}`])]
  try {
    const { stdout } = await git(bare, [
      ...['log', `--max-count=${limit}`, '--no-show-signature', format],
      ...range,
    ])
    return stdout.split('\n').flatMap((line) => {
      const [found, author = '', subject = ''] = line.split('\0')
      return found
        ? [{ sha: found, author: author.slice(0, 200), subject: subject.slice(0, 500) }]
        : []
    })
  } catch (error) {
    if (error instanceof GitError) return null
    throw error
  }
}

/**
 * The ids of at most `limit` commits of `sha` that none of `without` contains, newest first. Null
 * when git cannot determine them.
 */
export async function listCommitIds(
  bare: string,
  sha: string,
  { without, limit }: { without: string[]; limit: number },
): Promise<string[] | null> {
  const args = ['rev-list', '--ignore-missing', `--max-count=${limit}`, sha]
  try {
    const { stdout } = await git(bare, [...args, ...without.map((one) => `^${one}`)])
    return stdout.split('\n').filter((line) => line !== '')
  } catch (error) {
    if (error instanceof GitError) return null
    throw error
  }
}
