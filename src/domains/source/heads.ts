import { existsSync } from 'node:fs'
import type { Repository } from '#contract/app/app.ts'
import { git } from '#platform/git/git.ts'
import { addressOf, type Elsewhere, uploadPack } from './repository.ts'

/** Heads of pull requests are kept where no push and no fetch of a branch comes. */
const refOf = (number: number): string => `refs/fairlead/pull/${number}`

/** Where a head is: its ref, and the repository that has it. */
export interface HeadPlace {
  number: number
  /** it is not the app's own repository */
  isForeign: boolean
  repository: Elsewhere
  ref: string
}

/**
 * The repository that has the head of a pull request, or why there is none that may be asked: a
 * fork's own is asked only where the forge keeps no ref for the head, by HTTPS, at the host of the
 * app's repository, and without the server's credentials.
 */
export function placeOf(
  repository: Repository,
  { number, ref, fork }: { number: number; ref: string; fork: string | null },
): HeadPlace | { problem: string } {
  if (repository.kind === 'hosted')
    return { problem: 'a repository that is hosted here has no pull requests' }
  if (fork === null || !ref.startsWith('refs/heads/'))
    return { number, isForeign: false, repository, ref }
  const theirs = URL.parse(fork)
  const ours = repository.kind === 'url' ? URL.parse(repository.url) : null
  const isThere = theirs?.protocol === 'https:' && theirs.host === ours?.host
  if (!theirs || !isThere || theirs.username !== '')
    return { problem: 'its head is in another repository, whose address cannot be used' }
  return { number, isForeign: true, repository: { kind: 'url', url: theirs.href }, ref }
}

/** No credential helper of the server's user is asked for what a stranger names. */
function reached(repository: Elsewhere, isForeign: boolean): ReturnType<typeof addressOf> {
  const { address, config } = addressOf(repository)
  return { address, config: isForeign ? { ...config, 'credential.helper': '' } : config }
}

/**
 * What the refs of a repository are at, without fetching. Those that are not there are left out.
 * Throws a GitError when it cannot be read.
 */
export async function remoteRefs(
  cwd: string,
  { repository, isForeign }: Pick<HeadPlace, 'repository' | 'isForeign'>,
  refs: string[],
  signal: AbortSignal,
): Promise<Map<string, string>> {
  const found = new Map<string, string>()
  const { address, config } = reached(repository, isForeign)
  for (let from = 0; from < refs.length; from += 200) {
    const some = refs.slice(from, from + 200)
    const args = ['ls-remote', ...uploadPack(repository), '--end-of-options', address, ...some]
    const { stdout } = await git(cwd, args, { network: true, config, timeoutMs: 60_000, signal })
    for (const line of stdout.split('\n')) {
      const [sha, ref] = line.split('\t')
      // A pattern also finds refs that only end so.
      if (sha && ref && some.includes(ref)) found.set(ref, sha)
    }
  }
  return found
}

/**
 * Objects of strangers: refused as those of a push are, when they could harm who checks them out.
 */
const careful = {
  'fetch.fsckObjects': 'true',
  'fetch.fsck.badTimezone': 'ignore',
  'fetch.fsck.missingSpaceBeforeDate': 'ignore',
  'fetch.fsck.zeroPaddedFilemode': 'ignore',
}

/**
 * Brings a head into the bare repository, under a ref of its own; answers the commit that it is at.
 */
export async function fetchHead(
  bare: string,
  place: HeadPlace,
  signal: AbortSignal,
): Promise<string> {
  const { number, repository, ref, isForeign } = place
  const { address, config } = reached(repository, isForeign)
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
    network: true,
    config: { ...config, ...careful },
    timeoutMs: 90_000,
    signal,
  })
  return (
    await git(bare, ['rev-parse', '--verify', '--end-of-options', `${refOf(number)}^{commit}`])
  ).stdout.trim()
}

/** The numbers of the pull requests whose heads are kept. */
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

/** A file as a commit has it; null when it has none. */
export async function readFileOf(bare: string, sha: string, path: string): Promise<string | null> {
  const { stdout: entry } = await git(bare, ['ls-tree', '-z', '--end-of-options', sha, '--', path])
  const blob = /^100(?:644|755) blob ([0-9a-f]+)\t/.exec(entry)?.[1]
  return blob === undefined ? null : (await git(bare, ['cat-file', 'blob', blob])).stdout
}
