import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { git, GitError } from './git.ts'

interface FileCommit {
  /** the new branch */
  branch: string
  parent: string
  path: string
  text: string
  message: string
  author: { name: string; email: string }
  /** milliseconds since 1970 */
  time: number
}

/**
 * Creates a branch in a bare repository, with one commit that changes one file. The file keeps its
 * mode. Returns the commit; null when the branch exists.
 */
export async function commitFile(bare: string, commit: FileCommit): Promise<string | null> {
  const { branch, parent, path, text, message, author, time } = commit
  const folder = mkdtempSync(join(tmpdir(), 'fairlead-commit-'))
  const at = `@${Math.floor(time / 1000)} +0000`
  const env = {
    GIT_INDEX_FILE: join(folder, 'index'),
    ...{ GIT_AUTHOR_NAME: author.name, GIT_AUTHOR_EMAIL: author.email, GIT_AUTHOR_DATE: at },
    ...{ GIT_COMMITTER_NAME: 'Fairlead', GIT_COMMITTER_EMAIL: 'fairlead@localhost' },
    GIT_COMMITTER_DATE: at,
  }
  const run = async (...args: string[]): Promise<string> =>
    (await git(bare, args, { env })).stdout.trim()
  try {
    const file = join(folder, 'file')
    writeFileSync(file, text, { mode: 0o600 })
    await run('read-tree', '--end-of-options', parent)
    const mode = (await run('ls-files', '--stage', '--', path)).split(' ')[0] || '100644'
    const blob = await run('hash-object', '-w', '--no-filters', '--', file)
    await run('update-index', '--add', '--cacheinfo', `${mode},${blob},${path}`)
    const tree = await run('write-tree')
    const sha = await run('commit-tree', tree, '-p', parent, '-m', message)
    const none = '0'.repeat(sha.length)
    return await run('update-ref', `refs/heads/${branch}`, sha, none).then(
      () => sha,
      async (error: unknown) => {
        if (!(error instanceof GitError)) throw error
        const known = await run('for-each-ref', `refs/heads/${branch}`)
        if (known === '') throw error
        return null
      },
    )
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
