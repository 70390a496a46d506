import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Repository } from '#contract/app.ts'
import { git } from '#platform/git.ts'

export interface CommitFacts {
  sha: string
  subject: string
  author: { name: string; email: string }
  committed: string
}

/** Only these ways out of the machine; `ext::` and the like would run commands. */
const protocols = { GIT_ALLOW_PROTOCOL: 'https:http:ssh:git:file', GIT_SSH_COMMAND: 'ssh -o BatchMode=yes' }

/** Makes a bare repository, whole or not at all; safe to repeat. */
export async function initBare(folder: string, branch: string): Promise<void> {
  if (existsSync(join(folder, 'HEAD'))) return
  const draft = `${folder}.${process.pid}.draft`
  await rm(draft, { recursive: true, force: true })
  await mkdir(draft, { recursive: true, mode: 0o700 })
  await git(draft, ['init', '--quiet', '--bare', `--initial-branch=${branch}`])
  await writeFile(
    join(draft, 'config'),
    `[core]\n\tbare = true\n\trepositoryformatversion = 0\n\tlogAllRefUpdates = true\n[receive]\n\tfsckObjects = true\n\tdenyDeleteCurrent = ignore\n\tautogc = false\n[uploadpack]\n\tallowAnySHA1InWant = true\n[gc]\n\tauto = 0\n`,
  )
  await rename(draft, folder).catch(async (error: Error) => {
    await rm(draft, { recursive: true, force: true })
    if (!existsSync(join(folder, 'HEAD'))) throw error
  })
}

/** The commit that a branch of the bare repository is at, without a process. */
export async function headOf(bare: string, branch: string): Promise<string | null> {
  const loose = await readFile(join(bare, 'refs/heads', branch), 'utf8').catch(() => '')
  if (/^[0-9a-f]{40,64}\s*$/.test(loose)) return loose.trim()
  const packed = await readFile(join(bare, 'packed-refs'), 'utf8').catch(() => '')
  const line = packed.split('\n').find((one) => one.endsWith(` refs/heads/${branch}`))
  return line?.split(' ')[0] ?? null
}

/** Null when there is no such commit, or several. */
export async function resolveCommit(bare: string, commit: string): Promise<string | null> {
  return git(bare, ['rev-parse', '--verify', '--quiet', '--end-of-options', `${commit}^{commit}`]).then(
    ({ stdout }) => stdout.trim(),
    () => null,
  )
}

export async function commitFacts(bare: string, sha: string): Promise<CommitFacts> {
  const { stdout } = await git(bare, [
    'show',
    '--no-patch',
    '--no-show-signature',
    '--format=%H%x00%an%x00%ae%x00%cI%x00%s',
    '--end-of-options',
    sha,
  ])
  const [found, name, email, committed, subject] = stdout.trimEnd().split('\0')
  return {
    sha: found ?? sha,
    subject: (subject ?? '').slice(0, 500),
    author: { name: name ?? '', email: email ?? '' },
    committed: committed ?? '',
  }
}

/** A short text that changes when the branch of a repository on this machine does; null when that cannot be said cheaply. */
export async function localSignature(path: string, branch: string): Promise<string | null> {
  const dot = join(path, '.git')
  const folder = (await stat(dot).catch(() => null))?.isDirectory() ? dot : existsSync(join(path, 'HEAD')) ? path : null
  if (folder === null) return null
  const loose = await readFile(join(folder, 'refs/heads', branch), 'utf8').catch(() => '')
  const packed = await stat(join(folder, 'packed-refs')).then(
    (found) => `${found.mtimeMs} ${found.size}`,
    () => '',
  )
  return createHash('sha1').update(`${loose}\n${packed}`).digest('hex')
}

/** Asks a repository what its branch is at, without fetching. Throws a GitError when it cannot be read. */
export async function remoteHead(
  bare: string,
  address: string,
  branch: string,
  signal?: AbortSignal,
): Promise<string | null> {
  const { stdout } = await git(bare, ['ls-remote', '--heads', '--end-of-options', address, `refs/heads/${branch}`], {
    env: protocols,
    timeoutMs: 60_000,
    ...(signal ? { signal } : {}),
  })
  return stdout.split(/\s/)[0] || null
}

/** Brings the delivered branch (and, of a repository on this machine, all of them) into the bare one. */
export async function fetchInto(
  bare: string,
  repository: Exclude<Repository, { kind: 'hosted' }>,
  branch: string,
  signal?: AbortSignal,
): Promise<void> {
  const address = repository.kind === 'path' ? repository.path : repository.url
  const refs = [`+refs/heads/${branch}:refs/heads/${branch}`]
  if (repository.kind === 'path') refs.push('+refs/heads/*:refs/remotes/local/*')
  await git(
    bare,
    [
      'fetch',
      '--quiet',
      '--no-tags',
      '--no-write-fetch-head',
      '--update-head-ok',
      '--end-of-options',
      address,
      ...refs,
    ],
    {
      env: protocols,
      timeoutMs: 600_000,
      ...(signal ? { signal } : {}),
    },
  )
}
