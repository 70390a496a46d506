import { constants, existsSync } from 'node:fs'
import { mkdir, open, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { FairleadError } from '#contract/errors.ts'
import { git, GitError } from '#platform/git/git.ts'

const config = `[core]
	repositoryformatversion = 0
	bare = false
	logAllRefUpdates = false
[gc]
	auto = 0
`

/**
 * Checks a commit out into a folder of its own, with a `.git` that borrows the objects of the bare
 * repository and knows its tags, but has no remote: steps can ask git about the commit, and cannot
 * push. A half checkout of an earlier try is removed first. Warnings are sentences about what the
 * folder lacks: a stranger's submodules, because they are fetched as the server's user.
 */
export async function checkout(
  bare: string,
  {
    sha,
    folder,
    isTrusted,
    signal,
  }: { sha: string; folder: string; isTrusted: boolean; signal: AbortSignal },
): Promise<{ warnings: string[] }> {
  if (!/^[0-9a-f]{40,64}$/.test(sha))
    throw new FairleadError('not_found', { kind: 'commit', id: sha })
  await rm(folder, { recursive: true, force: true })
  const dot = join(folder, '.git')
  await mkdir(join(dot, 'objects/info'), { recursive: true, mode: 0o700 })
  await mkdir(join(dot, 'refs/heads'), { recursive: true })
  await Promise.all([
    writeFile(join(dot, 'HEAD'), 'ref: refs/heads/fairlead\n'),
    writeFile(join(dot, 'config'), config),
    writeFile(join(dot, 'objects/info/alternates'), `${join(bare, 'objects')}\n`),
    copyTags(bare, dot, signal),
  ])
  // Filters come from the configuration of the user or the system, and neither counts here: nothing
  // runs on checkout.
  await git(folder, ['checkout', '--quiet', '--force', '--detach', sha], {
    signal,
    timeoutMs: 600_000,
  })
  const warnings = await lfsWarnings(folder, signal)
  if (!existsSync(join(folder, '.gitmodules'))) return { warnings }
  if (!isTrusted)
    return {
      warnings: [...warnings, 'its submodules are not fetched until somebody approves the commit'],
    }
  await fetchSubmodules(folder, signal)
  return { warnings }
}

/** For `git describe`. */
async function copyTags(bare: string, dot: string, signal: AbortSignal): Promise<void> {
  const { stdout } = await git(
    bare,
    ['for-each-ref', '--format=%(objectname) %(refname)', 'refs/tags'],
    { signal },
  )
  if (stdout !== '') await writeFile(join(dot, 'packed-refs'), stdout)
}

/**
 * Submodules come from where they are declared, over the network only: an address on this machine
 * could name any file that Fairlead may read. One that cannot be had fails the checkout, because a
 * build without it would lie.
 */
async function fetchSubmodules(folder: string, signal: AbortSignal): Promise<void> {
  try {
    await git(folder, ['submodule', 'update', '--quiet', '--init', '--recursive', '--depth', '1'], {
      signal,
      network: true,
      timeoutMs: 600_000,
      env: { GIT_ALLOW_PROTOCOL: 'https:http:ssh:git' },
    })
  } catch (error) {
    if (!(error instanceof GitError)) throw error
    const problem = `${error.message} (submodules are fetched over https, http, ssh or git, by an absolute address)`
    throw new FairleadError('repository', { repository: 'of a submodule', problem })
  }
}

/**
 * Files that are only pointers to Git LFS: said, because a build with pointers looks right until it
 * runs.
 */
async function lfsWarnings(folder: string, signal: AbortSignal): Promise<string[]> {
  const { stdout } = await git(folder, ['ls-files', '-z', ':(attr:filter=lfs)'], { signal })
  const marked = stdout.split('\0').filter((name) => name !== '')
  const pointers: string[] = []
  for (const name of marked) if (await isPointer(join(folder, name))) pointers.push(name)
  if (pointers.length === 0) return []
  const shown = pointers
    .slice(0, 3)
    .map((name) => JSON.stringify(name))
    .join(', ')
  const what =
    pointers.length === 1 ? '1 file is a pointer' : `${pointers.length} files are pointers`
  return [
    `${what} of Git LFS, whose content Fairlead does not fetch: ${shown}${pointers.length > 3 ? ', …' : ''}`,
  ]
}

async function isPointer(file: string): Promise<boolean> {
  const begin = 'version https://git-lfs.github.com/spec/'
  // A link could lead anywhere, also to what never answers.
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
  const handle = await open(file, flags).catch(() => null)
  if (!handle) return false
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(begin.length), 0, begin.length, 0)
    return buffer.toString('latin1', 0, bytesRead) === begin
  } catch {
    return false
  } finally {
    await handle.close()
  }
}
