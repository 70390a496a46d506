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
 * The address as git is given it. User and password go as a header instead: arguments can be read
 * by everybody on the machine, and git repeats addresses in its errors.
 */
export function addressOf(repository: Elsewhere): {
  address: string
  config: Record<string, string>
} {
  if (repository.kind === 'path') return { address: repository.path, config: {} }
  const url = /^https?:/i.test(repository.url) ? URL.parse(repository.url) : null
  if (!url || (url.username === '' && url.password === ''))
    return { address: repository.url, config: {} }
  const who = `${decoded(url.username)}:${decoded(url.password)}`
  const config = {
    [`http.${url.origin}/.extraHeader`]: `Authorization: Basic ${Buffer.from(who).toString('base64')}`,
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

// What old but honest histories have is let in; what could harm who checks it out is not.
// An acknowledged push survives a power cut: objects and refs are written through.
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

/** Makes a bare repository, whole or not at all; safe to repeat, also at the same time. */
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

/**
 * Takes a repository away at one instant; answers how to bring it back and how to delete it for
 * good.
 */
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

/** The commit that a branch of the bare repository is at, without a process. */
export async function headOf(bare: string, branch: string): Promise<string | null> {
  const loose = await readFile(join(bare, 'refs/heads', branch), 'utf8').catch(() => '')
  if (/^[0-9a-f]{40,64}\s*$/.test(loose)) return loose.trim()
  const packed = await readFile(join(bare, 'packed-refs'), 'utf8').catch(() => '')
  const line = packed.split('\n').find((one) => one.endsWith(` refs/heads/${branch}`))
  return line?.split(' ')[0] ?? null
}

/**
 * The whole id of a commit that is here; null when there is none, or several begin so. A branch
 * named like it does not count.
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
 * The last second of the year 9999: a commit can claim any time, and the database and JavaScript
 * cannot hold all.
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
 * A short text that changes when the branch of a repository on this machine does; null when that
 * cannot be said cheaply.
 */
export async function localSignature(path: string, branch: string): Promise<string | null> {
  const dot = join(path, '.git')
  const folder = (await stat(dot).catch(() => null))?.isDirectory()
    ? dot
    : existsSync(join(path, 'HEAD'))
      ? path
      : null
  // Another format of refs than files would look as if nothing ever changed.
  if (folder === null || existsSync(join(folder, 'reftable'))) return null
  const loose = await readFile(join(folder, 'refs/heads', branch), 'utf8').catch(() => '')
  const packed = await stat(join(folder, 'packed-refs')).then(
    (found) => `${found.mtimeMs} ${found.size}`,
    () => '',
  )
  return createHash('sha1').update(`${loose}\n${packed}`).digest('hex')
}

/**
 * A repository on this machine may belong to another user than Fairlead's; git's own guard against
 * that does not see our settings.
 */
export const uploadPack = (repository: Elsewhere): string[] =>
  repository.kind === 'path' ? ["--upload-pack=git -c safe.directory='*' upload-pack"] : []

/**
 * Asks a repository what its branch is at, without fetching. Throws a GitError when it cannot be
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
  // The pattern also finds branches that only end so.
  const line = stdout.split('\n').find((one) => one.endsWith(`\trefs/heads/${branch}`))
  return line?.split('\t')[0] ?? null
}

/**
 * Brings the delivered branch with its tags (and, of a repository on this machine, all branches)
 * into the bare one.
 */
export async function fetchInto(
  bare: string,
  repository: Elsewhere,
  branch: string,
  signal?: AbortSignal,
): Promise<void> {
  const refs = [`+refs/heads/${branch}:refs/heads/${branch}`]
  // Kept apart; pruned, because a branch `a` that became `a/b` could not be fetched otherwise.
  if (repository.kind === 'path') refs.push('+refs/heads/*:refs/remotes/local/*')
  await fetchRefs(bare, repository, ['--prune'], refs, signal)
}

/** Asks for one commit by its whole id, wherever it is in the repository. */
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
