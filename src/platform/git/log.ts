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

/** A commit with its author and the files that it changed. */
export interface CommitWithFiles extends LoggedCommit {
  email: string
  files: string[]
}

/**
 * The commits of `sha` that are not in `base`, newest first, with their files; merges are left out.
 * Null when git cannot determine them.
 */
export async function listCommitsWithFiles(
  bare: string,
  base: string | null,
  sha: string,
  limit: number,
): Promise<CommitWithFiles[] | null> {
  const format = '--format=%x01%H%x02%an%x02%ae%x02%s%x02'
  const range = ['--end-of-options', sha, ...(base === null ? [] : [`^${base}`])]
  try {
    const { stdout } = await git(bare, [
      ...['log', '--no-merges', `--max-count=${limit}`, '--no-show-signature', '-z'],
      ...['--name-only', format, ...range],
    ])
    return stdout.split('\x01').flatMap((text) => {
      const [found, author = '', email = '', subject = '', files = ''] = text.split('\x02')
      if (!found) return []
      const paths = files.split('\0').flatMap((file) => file.trim() || [])
      return [
        {
          ...{ sha: found, files: paths, subject: subject.slice(0, 500) },
          ...{ author: author.slice(0, 200), email: email.slice(0, 200) },
        },
      ]
    })
  } catch (error) {
    if (error instanceof GitError) return null
    throw error
  }
}
