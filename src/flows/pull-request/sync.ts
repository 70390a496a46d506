import type { ForgePullRequest } from '#contract/pull-request/pull-request.ts'
import { randomUUID } from 'node:crypto'
import type { NewEvent } from '#contract/events.ts'
import type { AnnouncedPullRequest } from '#domains/forge/check-in.ts'
import type { ForgeClient } from '#domains/forge/client.ts'
import { forgeOf } from '#domains/forge/registry.ts'
import { ForgeRefusal } from '#domains/forge/request.ts'
import * as forges from '#domains/forge/store.ts'
import { decideSeen } from '#domains/pull-request/rules.ts'
import * as pulls from '#domains/pull-request/store.ts'
import { fetchHead, type HeadPlace, placeOf, remoteRefs } from '#domains/source/heads.ts'
import { commitFacts } from '#domains/source/repository.ts'
import { insertHead, type StoredApp } from '#domains/source/store.ts'
import { appendEvent } from '#engine/events.ts'
import { git, GitError } from '#platform/git/git.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import type { Statement } from '#platform/postgres/sql.ts'
import { connectForge, type ForgeAccess } from '#flows/forge/connect.ts'

export interface Eyes extends ForgeAccess {
  db: Database
  fetch: typeof fetch
  bareOf(app: string): string
}

/** One answer of a forge may take so long, in milliseconds. */
const patienceMs = 10_000

/** The forge of an app, to be asked; null when none is connected. */
async function openForge(
  eyes: Eyes,
  app: string,
  signal: AbortSignal,
): Promise<{ client: ForgeClient } | null> {
  const forge = await forges.getForge(eyes.db, app)
  if (!forge) return null
  const client = await connectForge(eyes, forge, (input, init) =>
    eyes.fetch(input, {
      ...init,
      signal: AbortSignal.any([signal, AbortSignal.timeout(patienceMs)]),
    }),
  )
  return { client }
}

/**
 * Asks what is open, and stores it: of the forge where one is connected, else what its webhooks
 * said stands. Answers why that is not known for certain, and for how long the forge is to be left
 * alone.
 */
export async function seePullRequests(
  eyes: Eyes,
  app: StoredApp,
  signal: AbortSignal,
): Promise<{ problem: string | null; isConnected: boolean; pauseMs: number }> {
  try {
    const forge = await openForge(eyes, app.name, signal)
    if (forge) await askForge(eyes, app, forge.client)
    return { problem: null, isConnected: forge !== null, pauseMs: 0 }
  } catch (error) {
    signal.throwIfAborted()
    const refusal = error instanceof ForgeRefusal ? error : null
    const cause = ((error as Error).cause as Error | undefined)?.message
    const why = refusal
      ? refusal.message
      : `it cannot be reached: ${cause ?? (error as Error).message}`
    return {
      problem: `the forge: ${why}`.slice(0, 400),
      isConnected: true,
      pauseMs: refusal?.pauseMs ?? 0,
    }
  }
}

async function askForge({ db }: Eyes, app: StoredApp, client: ForgeClient): Promise<void> {
  const listed = await client.listPullRequests(app.branch)
  for (const seen of listed) await keepSeen(db, app, seen)
  for (const { number } of await pulls.listOpen(db, app.name)) {
    if (listed.some((one) => one.number === number)) continue
    // Not in the list is not the same as closed: it is asked for by itself.
    const seen = await client.getPullRequest(number)
    const { state, reason } = decideSeen(seen, app.branch)
    if (state !== 'open') await keepClosed(db, app.name, number, state, reason ?? state)
    else if (seen) await keepSeen(db, app, seen)
  }
}

const about = (app: string, number: number, chain: string) => ({
  subject: `pull-request/${number}`,
  chain,
  app,
})

/** Stores one that is seen open, when it is not known so. */
export async function keepSeen(
  db: Database,
  app: Pick<StoredApp, 'name'>,
  seen: ForgePullRequest,
): Promise<void> {
  const known = await pulls.getPullRequest(db, app.name, seen.number)
  const isSame =
    known?.state === 'open' &&
    (['title', 'author', 'isDraft', 'branch', 'fork', 'base', 'ref'] as const).every(
      (key) => known[key] === seen[key],
    ) &&
    (seen.url === null || known.url === seen.url)
  if (isSame) return
  const chain = known?.chain ?? `c-${randomUUID()}`
  const { number, title, author, branch, base, fork } = seen
  const event: NewEvent = {
    ...about(app.name, number, chain),
    type: known ? 'dev.cdevents.change.updated' : 'dev.cdevents.change.created',
    actor: author,
    data: {
      pullRequest: number,
      subject: title,
      author,
      branch,
      base,
      fork,
      isAgain: known !== null && known.state !== 'open',
    },
  }
  await db.batch([pulls.putPullRequest(app.name, seen, chain), appendEvent(event)])
}

/** Stores that one is no longer open, when that is not known. */
export async function keepClosed(
  db: Database,
  app: string,
  number: number,
  state: 'merged' | 'closed',
  reason: string,
): Promise<void> {
  const known = await pulls.getPullRequest(db, app, number)
  if (known?.state !== 'open') return
  const type = state === 'merged' ? 'dev.cdevents.change.merged' : 'dev.cdevents.change.abandoned'
  const { title, author } = known
  const data = { pullRequest: number, subject: title, author, reason }
  await db.batch([
    pulls.closePullRequest(app, number, state, reason),
    appendEvent({ ...about(app, number, known.chain), type, actor: author, data }),
  ])
}

/** Whether a webhook of that sender says where the head of a pull request is. */
export const isSeenByWebhook = (forge: string): boolean =>
  forgeOf(forge).pullRequestRef !== undefined

/**
 * What a webhook said of a pull request. Where its forge is connected that only makes it be asked;
 * where it is not, a signed webhook is all there is, and says what is open.
 */
export async function notePullRequest(
  db: Database,
  app: StoredApp,
  forge: string,
  announced: AnnouncedPullRequest,
): Promise<void> {
  if (!(await forges.getForge(db, app.name))) {
    const { number, title, author, isDraft, head, base, state } = announced
    const ref = forgeOf(forge).pullRequestRef?.(announced)
    if (ref === undefined) return
    const isOwn = head.repository !== null && head.repository === base.repository
    const seen: ForgePullRequest = {
      ...{
        number,
        title,
        author,
        isDraft: isDraft ?? false,
        state,
        branch: head.branch,
        base: base.branch,
        ref,
        url: null,
      },
      fork: isOwn ? null : (head.repository ?? 'a repository that is gone'),
    }
    const end = decideSeen(seen, app.branch)
    if (end.state === 'open') await keepSeen(db, app, seen)
    else await keepClosed(db, app.name, number, end.state, end.reason ?? end.state)
  }
  await db.query(pulls.askForLook(app.name))
}

/**
 * Brings the heads of those that are open into the app's repository, each under a ref of its own,
 * and stores those that moved. Answers why the repository cannot be read. A ref that is gone ends a
 * pull request of which only webhooks tell.
 */
export async function seeHeads(
  eyes: Eyes,
  app: StoredApp,
  { isConnected, heads }: { isConnected: boolean; heads: number[] },
  signal: AbortSignal,
): Promise<string | null> {
  const open = await pulls.listOpen(eyes.db, app.name)
  const places: { pull: pulls.StoredPullRequest; place: HeadPlace }[] = []
  for (const pull of open) {
    const place = placeOf(app.repository, pull)
    if ('problem' in place)
      await eyes.db.query(pulls.setProblem(app.name, pull.number, place.problem))
    else places.push({ pull, place })
  }
  const bare = eyes.bareOf(app.name)
  const own = places.find(({ place }) => !place.isForeign)?.place
  let found = new Map<string, string>()
  if (own) {
    const refs = places.flatMap(({ place }) => (place.isForeign ? [] : [place.ref]))
    try {
      found = await remoteRefs(bare, own, refs, signal)
    } catch (error) {
      if (!(error instanceof GitError)) throw error
      return `the repository: ${error.message}`
    }
  }
  for (const { pull, place } of places) {
    try {
      const now = place.isForeign
        ? (await remoteRefs(bare, place, [place.ref], signal)).get(place.ref)
        : found.get(place.ref)
      if (now === undefined) await headIsGone(eyes.db, app.name, pull, isConnected)
      else if (now !== pull.sha || !heads.includes(pull.number))
        await takeHead(eyes, app, pull, place, signal)
      else await eyes.db.query(pulls.setProblem(app.name, pull.number, null))
    } catch (error) {
      if (!(error instanceof GitError)) throw error
      await eyes.db.query(
        pulls.setProblem(app.name, pull.number, `its head cannot be fetched: ${error.message}`),
      )
    }
  }
  return null
}

async function headIsGone(
  db: Database,
  app: string,
  { number, ref }: pulls.StoredPullRequest,
  isConnected: boolean,
): Promise<void> {
  if (isConnected) await db.query(pulls.setProblem(app, number, `the repository has no ${ref}`))
  else await keepClosed(db, app, number, 'closed', `the repository has no ${ref} any more`)
}

async function takeHead(
  { db, bareOf }: Eyes,
  app: StoredApp,
  pull: pulls.StoredPullRequest,
  place: HeadPlace,
  signal: AbortSignal,
): Promise<void> {
  const bare = bareOf(app.name)
  const sha = await fetchHead(bare, place, signal)
  if (sha === pull.sha) return
  const facts = await commitFacts(bare, sha)
  const base = app.head === null ? null : await mergeBase(bare, app.head, sha)
  const { number, chain, author, title } = pull
  const statements: Statement[] = [
    insertHead({ ...facts, app: app.name, branch: `pull/${number}`, base, chain }),
    pulls.moveHead(app.name, number, sha),
  ]
  if (pull.sha !== null)
    statements.push(
      appendEvent({
        ...about(app.name, number, chain),
        type: 'dev.cdevents.change.updated',
        actor: author,
        data: { pullRequest: number, subject: title, author, sha, was: pull.sha },
      }),
    )
  await db.batch(statements)
}

/** Where a head left the branch; null when the two have nothing in common. */
async function mergeBase(bare: string, one: string, other: string): Promise<string | null> {
  const { stdout } = await git(bare, ['merge-base', '--end-of-options', one, other]).catch(() => ({
    stdout: '',
  }))
  return stdout.trim() || null
}
