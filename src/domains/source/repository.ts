import { createHash, randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Repository } from '#contract/app/app.ts'
import { git } from '#platform/git/git.ts'

export interface CommitFacts {
  sha: string
  subject: string
  author: { name: string; email: string }
  committed: string
}

export type Elsewhere = Exclude<Repository, { kind: 'hosted' }>

/**
 * Returns the address for git, with the credentials as a header instead: every user of the machine
 * can read arguments, and git repeats addresses in its errors.
 */
export function addressOf(repository: Elsewhere): {
  address: string
  config: Record<string, string>
} {
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
 * Returns a text that changes whenever the branch of a repository on this machine does, or null
 * when there is no cheap way to compute one.
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
  return createHash('sha1').update(`${loose}\n${packed}`).digest('hex')
}

/**
 * Lets git read a repository on this machine that belongs to another user: the process on the other
 * side does not see the configuration of this one.
 */
export const uploadPack = (repository: Elsewhere): string[] =>
  repository.kind === 'path' ? ["--upload-pack=git -c safe.directory='*' upload-pack"] : []

/**
 * Returns the head of a branch without fetching it. Throws a GitError when the repository cannot be
 * read.
 */
export async function remoteHead(
  cwd: string,
  repository: Elsewhere,
  branch: string,
  signal?: AbortSignal,
): Promise<string | null> {
  const { address, config } = addressOf(repository)
  const args = ['ls-remote', '--heads', ...uploadPack(repository), '--end-of-options', address]
  const { stdout } = await git(cwd, [...args, `refs/heads/${branch}`], {
    network: true,
    config,
    timeoutMs: 60_000,
    ...(signal ? { signal } : {}),
  })
  // The pattern also matches branches that only end with the name.
  const line = stdout.split('\n').find((one) => one.endsWith(`\trefs/heads/${branch}`))
  return line?.split('\t')[0] ?? null
}

/**
 * Fetches the delivered branch with its tags into the bare repository and, from a repository on
 * this machine, all branches.
 */
export async function fetchInto(
  bare: string,
  repository: Elsewhere,
  branch: string,
  signal?: AbortSignal,
): Promise<void> {
  const refs = [`+refs/heads/${branch}:refs/heads/${branch}`]
  // Refs of their own; pruned, because a branch `a` that became `a/b` would block the fetch.
  if (repository.kind === 'path') refs.push('+refs/heads/*:refs/remotes/local/*')
  await fetchRefs(bare, repository, ['--prune'], refs, signal)
}

/** Fetches one commit by its full id, on any branch of the repository. */
export async function fetchCommit(bare: string, repository: Elsewhere, sha: string): Promise<void> {
  await fetchRefs(bare, repository, ['--no-tags'], [sha])
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
