import { existsSync } from 'node:fs'
import type { Repository } from '#contract/app/app.ts'
import { git } from '#platform/git/git.ts'
import { addressOf, type Elsewhere, uploadPack } from './repository.ts'

/** Heads of pull requests have refs that no push and no fetch of a branch can change. */
const refOf = (number: number): string => `refs/fairlead/pull/${number}`

/** The place of a head: its ref, and the repository that has it. */
export interface HeadPlace {
  number: number
  /** whether the repository is not the app's own */
  isForeign: boolean
  repository: Elsewhere
  ref: string
}

/**
 * Returns the repository that has the head of a pull request, or why no repository may be used. A
 * fork is used only when the forge keeps no ref for the head, over HTTPS, on the host of the app's
 * repository, and without the credentials of the server.
 */
export function placeOf(
  repository: Repository,
  { number, ref, fork }: { number: number; ref: string; fork: string | null },
): HeadPlace | { problem: string } {
  if (repository.kind === 'hosted') return { problem: 'a hosted repository has no pull requests' }
  if (fork === null || !ref.startsWith('refs/heads/'))
    return { number, isForeign: false, repository, ref }
  const theirs = URL.parse(fork)
  const ours = repository.kind === 'url' ? URL.parse(repository.url) : null
  const isThere = theirs?.protocol === 'https:' && theirs.host === ours?.host
  if (!theirs || !isThere || theirs.username !== '')
    return { problem: 'its head is in another repository, whose address cannot be used' }
  return { number, isForeign: true, repository: { kind: 'url', url: theirs.href }, ref }
}

/** The repositories of strangers get no credential of the server's user. */
const networkOf = (isForeign: boolean): true | 'anonymous' => (isForeign ? 'anonymous' : true)

/**
 * Returns the commits of refs without fetching them; missing refs are left out. Throws a GitError
 * when the repository cannot be read.
 */
export async function remoteRefs(
  cwd: string,
  { repository, isForeign }: Pick<HeadPlace, 'repository' | 'isForeign'>,
  refs: string[],
  signal: AbortSignal,
): Promise<Map<string, string>> {
  const found = new Map<string, string>()
  const { address, config } = addressOf(repository)
  const network = networkOf(isForeign)
  for (let from = 0; from < refs.length; from += 200) {
    const some = refs.slice(from, from + 200)
    const args = ['ls-remote', ...uploadPack(repository), '--end-of-options', address, ...some]
    const { stdout } = await git(cwd, args, { network, config, timeoutMs: 60_000, signal })
    for (const line of stdout.split('\n')) {
      const [sha, ref] = line.split('\t')
      // The pattern also matches refs that only end with the name.
      if (sha && ref && some.includes(ref)) found.set(ref, sha)
    }
  }
  return found
}

/** Refuses objects that are dangerous to check out, as a push does. */
const checkObjects = {
  'fetch.fsckObjects': 'true',
  'fetch.fsck.badTimezone': 'ignore',
  'fetch.fsck.missingSpaceBeforeDate': 'ignore',
  'fetch.fsck.zeroPaddedFilemode': 'ignore',
}

/** Fetches a head into a ref of the bare repository, and returns its commit. */
export async function fetchHead(
  bare: string,
  place: HeadPlace,
  signal: AbortSignal,
): Promise<string> {
  const { number, repository, ref, isForeign } = place
  const { address, config } = addressOf(repository)
  const quiet = ['--quiet', '--no-write-fetch-head', '--no-tags', '--no-recurse-submodules']
  const args = [
    'fetch',
    ...quiet,
    ...uploadPack(repository),
    '--end-of-options',
    address,
    `+${ref}:${refOf(number)}`,
  ]
  await git(bare, args, {
    network: networkOf(isForeign),
    config: { ...config, ...checkObjects },
    timeoutMs: 90_000,
    signal,
  })
  return (
    await git(bare, ['rev-parse', '--verify', '--end-of-options', `${refOf(number)}^{commit}`])
  ).stdout.trim()
}

/** Returns the numbers of the pull requests whose heads are stored. */
export async function listHeads(bare: string): Promise<number[]> {
  if (!existsSync(bare)) return []
  const { stdout } = await git(bare, ['for-each-ref', '--format=%(refname)', 'refs/fairlead/pull/'])
  return stdout
    .split('\n')
    .flatMap((ref) => (/^refs\/fairlead\/pull\/\d+$/.test(ref) ? [Number(ref.split('/')[3])] : []))
}

export async function forgetHead(bare: string, number: number): Promise<void> {
  await git(bare, ['update-ref', '-d', refOf(number)])
}

/** Returns the content of a file in a commit, or null when the commit does not have it. */
export async function readFileOf(bare: string, sha: string, path: string): Promise<string | null> {
  const { stdout: entry } = await git(bare, ['ls-tree', '-z', '--end-of-options', sha, '--', path])
  const blob = /^100(?:644|755) blob ([0-9a-f]+)\t/.exec(entry)?.[1]
  return blob === undefined ? null : (await git(bare, ['cat-file', 'blob', blob])).stdout
}
