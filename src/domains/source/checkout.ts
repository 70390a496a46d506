import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { FairleadError } from '#contract/errors.ts'
import { git, GitError } from '#platform/git.ts'

/**
 * Checks a commit out into a folder of its own, with a `.git` that borrows the objects of the bare repository but has no
 * remote: steps can ask git about the commit, and cannot push. A half checkout of an earlier try is removed first.
 */
export async function checkout(
  bare: string,
  sha: string,
  folder: string,
  signal: AbortSignal,
): Promise<{ warnings: string[] }> {
  await rm(folder, { recursive: true, force: true })
  const dot = join(folder, '.git')
  await mkdir(join(dot, 'objects/info'), { recursive: true, mode: 0o700 })
  await mkdir(join(dot, 'refs/heads'), { recursive: true })
  await Promise.all([
    writeFile(join(dot, 'HEAD'), 'ref: refs/heads/fairlead\n'),
    writeFile(
      join(dot, 'config'),
      '[core]\n\trepositoryformatversion = 0\n\tbare = false\n\tlogAllRefUpdates = false\n[gc]\n\tauto = 0\n',
    ),
    writeFile(join(dot, 'objects/info/alternates'), `${join(bare, 'objects')}\n`),
  ])
  // Without filters of the repository's own: an LFS or other smudge filter must not run on the server.
  await git(folder, ['checkout', '--quiet', '--force', '--detach', sha], {
    signal,
    timeoutMs: 600_000,
  })
  await fetchSubmodules(folder, signal)
  return { warnings: await lfsWarnings(folder) }
}

/** Submodules come from where they are declared, over the network only; one that cannot be had fails the run, because a build without it would lie. */
async function fetchSubmodules(folder: string, signal: AbortSignal): Promise<void> {
  const declared = await readFile(join(folder, '.gitmodules'), 'utf8').catch(() => null)
  if (declared === null) return
  try {
    await git(folder, ['submodule', 'update', '--quiet', '--init', '--recursive', '--depth', '1'], {
      signal,
      timeoutMs: 600_000,
      env: { GIT_ALLOW_PROTOCOL: 'https:http:ssh:git', GIT_SSH_COMMAND: 'ssh -o BatchMode=yes' },
    })
  } catch (error) {
    if (!(error instanceof GitError)) throw error
    throw new FairleadError('repository', {
      repository: 'of a submodule',
      problem: `${error.message} (submodules are fetched over https, http, ssh or git, by an absolute address)`,
    })
  }
}

/** Files that are only pointers to Git LFS: said, because a build with pointers looks right until it runs. */
async function lfsWarnings(folder: string): Promise<string[]> {
  const attributes = await readFile(join(folder, '.gitattributes'), 'utf8').catch(() => '')
  if (!attributes.includes('filter=lfs')) return []
  const { stdout } = await git(folder, [
    'grep',
    '-l',
    '--fixed-strings',
    'version https://git-lfs.github.com/spec/',
  ]).catch(() => ({ stdout: '' }))
  const names = stdout.split('\n').filter((line) => line !== '' && line !== '.gitattributes')
  if (names.length === 0) return []
  const shown = names.slice(0, 3).join(', ')
  return [
    `${names.length} files are Git LFS pointers, whose content Fairlead does not fetch: ${shown}${names.length > 3 ? ', …' : ''}`,
  ]
}
