import * as pulls from '#domains/pull-request/store.ts'
import { fetchHead, type HeadPlace, placeOf, remoteRefs } from '#domains/source/heads.ts'
import { commitFacts } from '#domains/source/repository.ts'
import { insertHead, type StoredApp } from '#domains/source/store.ts'
import { appendEvent } from '#engine/events.ts'
import { git, GitError } from '#platform/git/git.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import type { Statement } from '#platform/postgres/sql.ts'
import { keysOf, recordClosed } from './record.ts'

export interface HeadSync {
  db: Database
  app: StoredApp
  /** the app's bare repository */
  bare: string
  /** the forge reports which pull requests are open */
  isConnected: boolean
  /** numbers of the pull requests whose head is in the bare repository */
  heads: number[]
  signal: AbortSignal
}

interface PlacedPull {
  pull: pulls.StoredPullRequest
  place: HeadPlace
}

/**
 * Fetches the heads of the open pull requests into the app's repository, each under a ref of its
 * own, and stores those that moved. Returns why the repository cannot be read, or null.
 */
export async function syncHeads(sync: HeadSync): Promise<string | null> {
  const placed = await placeHeads(sync)
  const refs = await readRefs(sync, placed)
  if (typeof refs === 'string') return refs
  for (const { pull, place } of placed) {
    const setProblem = (problem: string | null): Promise<unknown> =>
      sync.db.query(pulls.setProblem(sync.app.name, pull.number, problem))
    try {
      const sha = place.isForeign
        ? (await remoteRefs(sync.bare, place, [place.ref], sync.signal)).get(place.ref)
        : refs.get(place.ref)
      if (sha === undefined) await recordMissingRef(sync, pull)
      else if (sha !== pull.sha || !sync.heads.includes(pull.number))
        await updateHead(sync, pull, place)
      else await setProblem(null)
    } catch (error) {
      if (!(error instanceof GitError)) throw error
      await setProblem(`its head cannot be fetched: ${error.message}`)
    }
  }
  return null
}

async function placeHeads({ db, app }: HeadSync): Promise<PlacedPull[]> {
  const placed: PlacedPull[] = []
  for (const pull of await pulls.listOpen(db, app.name)) {
    const place = placeOf(app.repository, pull)
    if ('problem' in place) await db.query(pulls.setProblem(app.name, pull.number, place.problem))
    else placed.push({ pull, place })
  }
  return placed
}

/** The refs in the app's own repository, or why it cannot be read. */
async function readRefs(
  { bare, signal }: HeadSync,
  placed: PlacedPull[],
): Promise<Map<string, string> | string> {
  const own = placed.filter(({ place }) => !place.isForeign).map(({ place }) => place)
  const [first] = own
  if (!first) return new Map()
  try {
    return await remoteRefs(
      bare,
      first,
      own.map(({ ref }) => ref),
      signal,
    )
  } catch (error) {
    if (!(error instanceof GitError)) throw error
    return `the repository: ${error.message}`
  }
}

/** Without a connected forge, a deleted ref is the only sign that a pull request ended. */
async function recordMissingRef(
  { db, app, isConnected }: HeadSync,
  { number, ref }: pulls.StoredPullRequest,
): Promise<void> {
  const reason = `the repository has no ${ref}`
  if (isConnected) await db.query(pulls.setProblem(app.name, number, reason))
  else await recordClosed(db, app.name, number, { state: 'closed', reason })
}

async function updateHead(
  { db, app, bare, signal }: HeadSync,
  pull: pulls.StoredPullRequest,
  place: HeadPlace,
): Promise<void> {
  const sha = await fetchHead(bare, place, signal)
  if (sha === pull.sha) return
  const facts = await commitFacts(bare, sha)
  const base = app.head === null ? null : await mergeBase(bare, app.head, sha)
  const { number, chain, author, title } = pull
  const statements: Statement[] = [
    insertHead({ ...facts, app: app.name, branch: `pull/${number}`, base, chain }),
    pulls.setHead(app.name, number, sha),
  ]
  if (pull.sha !== null)
    statements.push(
      appendEvent({
        ...keysOf(app.name, number, chain),
        type: 'dev.cdevents.change.updated',
        actor: author,
        data: { pullRequest: number, subject: title, author, sha, was: pull.sha },
      }),
    )
  await db.batch(statements)
}

/** The common ancestor of two commits; null when there is none. */
async function mergeBase(bare: string, one: string, other: string): Promise<string | null> {
  const { stdout } = await git(bare, ['merge-base', '--end-of-options', one, other]).catch(() => ({
    stdout: '',
  }))
  return stdout.trim() || null
}
