import { createHash, randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Repository } from '#contract/app/app.ts'
import { git, GitError } from '#platform/git/git.ts'
import { repositoryProblem } from './change.ts'

export interface CommitFacts {
  sha: string
  subject: string
  author: { name: string; email: string }
  committed: string
}

export type Elsewhere = Exclude<Repository, { kind: 'hosted' }>

/**
 * Returns the address for git, with the credentials as a header instead: every user of the machine
 * can read arguments, and git repeats addresses in its errors. Throws a GitError when git must not
 * receive the address.
 */
export function addressOf(repository: Elsewhere): {
  address: string
  config: Record<string, string>
} {
  const problem = repositoryProblem(repository)
  if (problem !== null) throw new GitError(problem)
  if (repository.kind === 'path') return { address: repository.path, config: {} }
  const url = /^https?:/i.test(repository.url) ? URL.parse(repository.url) : null
  if (!url || (url.username === '' && url.password === ''))
    return { address: repository.url, config: {} }
  const credentials = `${decoded(url.username)}:${decoded(url.password)}`
  const encoded = Buffer.from(credentials).toString('base64')
  const config = {
    [`http.${url.origin}/.extraHeader`]: `Authorization: Basic ${encoded}`,
  }
  url.username = ''
  url.password = ''
  return { address: url.href, config }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

// The fsck settings accept harmless faults of old histories, and refuse dangerous objects. The
// fsync settings make an acknowledged push survive a power failure.
const config = `[core]
	bare = true
	repositoryformatversion = 0
	logAllRefUpdates = true
	fsync = committed,loose-object,reference
	fsyncMethod = batch
[receive]
	fsckObjects = true
	denyDeleteCurrent = ignore
	autogc = false
[receive "fsck"]
	badTimezone = ignore
	missingSpaceBeforeDate = ignore
	zeroPaddedFilemode = ignore
[uploadpack]
	allowAnySHA1InWant = true
[gc]
	auto = 0
`

/** Creates a bare repository atomically. Safe to repeat, and to run concurrently. */
export async function initBare(folder: string, branch: string): Promise<void> {
  if (existsSync(join(folder, 'HEAD'))) return
  const draft = `${folder}.${randomUUID()}.draft`
  await mkdir(draft, { recursive: true, mode: 0o700 })
  try {
    await git(draft, ['init', '--quiet', '--bare', '--template=', `--initial-branch=${branch}`])
    await writeFile(join(draft, 'config'), config)
    await rename(draft, folder)
  } catch (error) {
    await rm(draft, { recursive: true, force: true })
    if (!existsSync(join(folder, 'HEAD'))) throw error
  }
}

/** Moves a repository away atomically, and returns how to restore and how to delete it. */
export async function setAside(
  folder: string,
): Promise<{ restore(): Promise<void>; remove(): Promise<void> }> {
  const aside = `${folder}.${randomUUID()}.removed`
  const moved = await rename(folder, aside).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return false
      throw error
    },
  )
  return {
    restore: async () => {
      if (moved) await rename(aside, folder)
    },
    remove: () => rm(aside, { recursive: true, force: true }),
  }
}

/** Returns the head of a branch of the bare repository, without starting a process. */
export async function headOf(bare: string, branch: string): Promise<string | null> {
  const loose = await readFile(join(bare, 'refs/heads', branch), 'utf8').catch(() => '')
  if (/^[0-9a-f]{40,64}\s*$/.test(loose)) return loose.trim()
  const packed = await readFile(join(bare, 'packed-refs'), 'utf8').catch(() => '')
  const line = packed.split('\n').find((one) => one.endsWith(` refs/heads/${branch}`))
  return line?.split(' ')[0] ?? null
}

/**
 * Returns the full id of a commit in the bare repository, or null when no commit or several commits
 * have that prefix. Branch names are not considered.
 */
export async function resolveCommit(bare: string, commit: string): Promise<string | null> {
  if (!/^[0-9a-f]{4,64}$/.test(commit) || !existsSync(bare)) return null
  const { stdout } = await git(bare, ['rev-parse', `--disambiguate=${commit}`])
  const ids = stdout.split('\n').filter((id) => id !== '')
  const types = await Promise.all(ids.slice(0, 50).map((id) => git(bare, ['cat-file', '-t', id])))
  const commits = ids.filter((_, i) => types[i]?.stdout.trim() === 'commit')
  return commits.length === 1 ? (commits[0] ?? null) : null
}

/**
 * The last second of the year 9999. A commit can claim any time, but the database and JavaScript
 * have limits.
 */
const lastSecond = 253_402_300_799

export async function commitFacts(bare: string, sha: string): Promise<CommitFacts> {
  const format = '--format=%H%x00%an%x00%ae%x00%ct%x00%s'
  const { stdout } = await git(bare, [
    'show',
    '--no-patch',
    '--no-show-signature',
    format,
    '--end-of-options',
    sha,
  ])
  const [found, name, email, seconds, subject] = stdout.trimEnd().split('\0')
  const committed = Math.min(Math.max(Number(seconds) || 0, 0), lastSecond)
  return {
    sha: found ?? sha,
    subject: (subject ?? '').slice(0, 500),
    author: { name: (name ?? '').slice(0, 200), email: (email ?? '').slice(0, 200) },
    committed: new Date(committed * 1000).toISOString(),
  }
}

/**
 * Returns a text that changes whenever the branch or a tag of a repository on this machine does, or
 * null when there is no cheap way to compute one.
 */
export async function localSignature(path: string, branch: string): Promise<string | null> {
  const dot = join(path, '.git')
  const folder = (await stat(dot).catch(() => null))?.isDirectory()
    ? dot
    : existsSync(join(path, 'HEAD'))
      ? path
      : null
  // With another format of refs than files, the signature would never change.
  if (folder === null || existsSync(join(folder, 'reftable'))) return null
  const loose = await readFile(join(folder, 'refs/heads', branch), 'utf8').catch(() => '')
  const packed = await stat(join(folder, 'packed-refs')).then(
    (found) => `${found.mtimeMs} ${found.size}`,
    () => '',
  )
  const tags = await folderTimes(join(folder, 'refs/tags'))
  return createHash('sha1').update(`${loose}\n${packed}\n${tags}`).digest('hex')
}

/** The times of a folder and the folders in it. git replaces a ref by a rename, which is seen. */
async function folderTimes(folder: string): Promise<string> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true }).catch(() => [])
  const folders = entries
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name))
  const times = await Promise.all(
    [folder, ...folders.toSorted()].map(async (one) => {
      const found = await stat(one, { bigint: true }).catch(() => null)
      return `${one} ${found?.mtimeNs ?? ''}`
    }),
  )
  return times.join('\n')
}

/**
 * Lets git read a repository on this machine that belongs to another user: the process on the other
 * side does not see the configuration of this one.
 */
export const uploadPack = (repository: Elsewhere): string[] =>
  repository.kind === 'path' ? ["--upload-pack=git -c safe.directory='*' upload-pack"] : []

/** What a repository elsewhere has now. */
export interface RemoteState {
  /** null when the branch does not exist */
  head: string | null
  /** the branch that HEAD names; null when it names none that exists */
  defaultBranch: string | null
  /** `ID REF` of each tag */
  tags: string[]
}

/**
 * Returns the head of a branch and the tags without fetching them. Throws a GitError when the
 * repository cannot be read.
 */
export async function readRemote(
  cwd: string,
  repository: Elsewhere,
  branch: string,
  signal?: AbortSignal,
): Promise<RemoteState> {
  const { address, config } = addressOf(repository)
  const args = ['ls-remote', '--symref', ...uploadPack(repository), '--end-of-options', address]
  const { stdout } = await git(cwd, [...args, 'HEAD', `refs/heads/${branch}`, 'refs/tags/*'], {
    network: true,
    config,
    timeoutMs: 60_000,
    ...(signal ? { signal } : {}),
  })
  // The patterns also match refs that only end with them.
  const refs = stdout.split('\n').map((line) => line.split('\t'))
  const symbolic = refs.find(([id, ref]) => ref === 'HEAD' && id?.startsWith('ref: refs/heads/'))
  return {
    head: refs.find(([, ref]) => ref === `refs/heads/${branch}`)?.[0] ?? null,
    defaultBranch: symbolic?.[0]?.slice('ref: refs/heads/'.length) ?? null,
    tags: refs
      .filter(([, ref]) => ref?.startsWith('refs/tags/') && !ref.endsWith('^{}'))
      .map(([id, ref]) => `${id} ${ref}`),
  }
}

/** The tags of the bare repository as `ID REF`. */
export async function listTags(bare: string): Promise<string[]> {
  const format = '--format=%(objectname) %(refname)'
  const { stdout } = await git(bare, ['for-each-ref', format, 'refs/tags'])
  return stdout.split('\n').filter((line) => line !== '')
}

/**
 * Fetches the delivered branch and the tags into the bare repository and, from a repository on this
 * machine, all branches. Tags that were moved or deleted there are moved or deleted here, too.
 */
export async function fetchInto(
  bare: string,
  repository: Elsewhere,
  branch: string,
  signal?: AbortSignal,
): Promise<void> {
  const refs = [`+refs/heads/${branch}:refs/heads/${branch}`, '+refs/tags/*:refs/tags/*']
  // Refs of their own; pruned, because a branch `a` that became `a/b` would block the fetch.
  if (repository.kind === 'path') refs.push('+refs/heads/*:refs/remotes/local/*')
  // A shallow clone has no more history than it has; the history that it gets later is fetched.
  const shallow = isShallow(bare) ? ['--unshallow'] : ['--update-shallow']
  await fetchRefs(bare, repository, ['--prune', '--no-tags', ...shallow], refs, signal)
}

/** Whether commits of the bare repository lack their parents. */
export const isShallow = (bare: string): boolean => existsSync(join(bare, 'shallow'))

/** Fetches one commit by its full id, on any branch of the repository. */
export async function fetchCommit(bare: string, repository: Elsewhere, sha: string): Promise<void> {
  await fetchRefs(bare, repository, ['--no-tags', '--update-shallow'], [sha])
}

async function fetchRefs(
  bare: string,
  repository: Elsewhere,
  options: string[],
  refs: string[],
  signal?: AbortSignal,
): Promise<void> {
  const quiet = ['--quiet', '--no-write-fetch-head', '--update-head-ok', '--no-recurse-submodules']
  const { address, config } = addressOf(repository)
  const args = [
    'fetch',
    ...quiet,
    ...options,
    ...uploadPack(repository),
    '--end-of-options',
    address,
  ]
  await git(bare, [...args, ...refs], {
    network: true,
    config,
    timeoutMs: 600_000,
    ...(signal ? { signal } : {}),
  })
}
