import { constants, existsSync } from 'node:fs'
import { copyFile, mkdir, open, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { FairleadError } from '#contract/errors.ts'
import { git, GitError } from '#platform/git/git.ts'
import { isShallow } from './repository.ts'

const config = `[core]
	repositoryformatversion = 0
	bare = false
	logAllRefUpdates = false
[gc]
	auto = 0
`

/**
 * Checks a commit out into a folder. Its `.git` borrows the objects of the bare repository and has
 * its tags, but no remote: steps can query git about the commit, and cannot push. An incomplete
 * checkout of an earlier try is removed first. Warnings are sentences about what the folder lacks:
 * the submodules of an untrusted commit, because the server's user would fetch them.
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
    isShallow(bare) ? copyFile(join(bare, 'shallow'), join(dot, 'shallow')) : null,
  ])
  // Filters are configured for a user or the system. Both configurations are ignored, so that a
  // checkout runs no program.
  await git(folder, ['checkout', '--quiet', '--force', '--detach', sha], {
    signal,
    timeoutMs: 600_000,
  })
  const warnings = await lfsWarnings(folder, signal)
  if (isShallow(bare))
    warnings.push('its repository is a shallow clone, so steps see only its last commits')
  if (!existsSync(join(folder, '.gitmodules'))) return { warnings }
  if (!isTrusted)
    return {
      warnings: [...warnings, 'its submodules are not fetched until the commit is approved'],
    }
  const left = await fetchSubmodules(folder, sha, signal)
  return { warnings: [...warnings, ...left] }
}

/** Copies the tags, which `git describe` needs. */
async function copyTags(bare: string, dot: string, signal: AbortSignal): Promise<void> {
  const { stdout } = await git(
    bare,
    ['for-each-ref', '--format=%(objectname) %(refname)', 'refs/tags'],
    { signal },
  )
  if (stdout !== '') await writeFile(join(dot, 'packed-refs'), stdout)
}

/**
 * Fetches submodules over the network only: a local address could name any file that the server can
 * read. The repository chose their addresses, so that they get no key or password of the server's
 * user, who can read more than the author. Those over ssh, which needs a key, are left out with a
 * warning. Another one that cannot be fetched fails the checkout, because the build would be
 * incomplete.
 */
async function fetchSubmodules(
  folder: string,
  sha: string,
  signal: AbortSignal,
): Promise<string[]> {
  const left = (await listSubmodules(folder, sha, signal)).filter(({ url }) => isSsh(url))
  try {
    await git(folder, ['submodule', 'update', '--quiet', '--init', '--recursive', '--depth', '1'], {
      signal,
      network: 'anonymous',
      timeoutMs: 600_000,
      config: Object.fromEntries(left.map(({ name }) => [`submodule.${name}.update`, 'none'])),
    })
    return left.map(
      ({ name }) =>
        `the submodule ${JSON.stringify(name)} is not fetched, because ssh needs a key: fetch it ` +
        'in a step that has one as a secret',
    )
  } catch (error) {
    if (!(error instanceof GitError)) throw error
    const rule =
      'submodules are fetched over https or http, by an absolute address and without ' +
      'credentials; fetch others in a step'
    const problem = `${error.message} (${rule})`
    throw new FairleadError('repository', { repository: 'of a submodule', problem })
  }
}

interface Submodule {
  name: string
  url: string
}

async function listSubmodules(
  folder: string,
  sha: string,
  signal: AbortSignal,
): Promise<Submodule[]> {
  const query = ['-z', '--get-regexp', String.raw`^submodule\..*\.url$`]
  // From the commit: in the folder, the file could be a link to another one.
  const { stdout } = await git(folder, ['config', '--blob', `${sha}:.gitmodules`, ...query], {
    signal,
  }).catch((error: unknown) => {
    if (error instanceof GitError) return { stdout: '' }
    throw error
  })
  return stdout
    .split('\0')
    .filter(Boolean)
    .map((entry) => {
      const at = entry.indexOf('\n')
      const name = entry.slice('submodule.'.length, at).replace(/\.url$/, '')
      return { name, url: entry.slice(at + 1) }
    })
}

/** Whether git would use ssh for an address: `ssh://…`, or `user@host:path`. */
export const isSsh = (url: string): boolean =>
  /^(ssh|git\+ssh|ssh\+git):/i.test(url) || /^[^/:]+:(?!:|\/\/)/.test(url)

/** Warns about pointers to Git LFS: a build with pointers in place of the files may still pass. */
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
  const count =
    pointers.length === 1 ? '1 file is a pointer' : `${pointers.length} files are pointers`
  const more = pointers.length > 3 ? ', …' : ''
  return [`${count} to Git LFS, whose content Fairlead does not fetch: ${shown}${more}`]
}

async function isPointer(file: string): Promise<boolean> {
  const begin = 'version https://git-lfs.github.com/spec/'
  // A symbolic link could lead to any file, such as a pipe that never delivers data.
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
