import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import type { Change } from '#contract/app/app.ts'
import type { Actor } from '#contract/event/event.ts'
import { FairleadError } from '#contract/errors.ts'
import { appendEvent } from '#engine/events.ts'
import { GitError } from '#platform/git/git.ts'
import { listCommitIds } from '#platform/git/log.ts'
import type { Logger } from '#platform/log.ts'
import type { Statement } from '#platform/postgres/sql.ts'
import { about, type AppsOptions, type createApps, nameOf } from './apps.ts'
import { type BranchDecision, decideBranch } from './change.ts'
import { commitFacts, headOf, initBare } from './repository.ts'
import { type ChangePerson, peopleOf, type Push } from './push.ts'
import * as store from './store.ts'

export interface SourceOptions extends AppsOptions {
  log: Logger
  /**
   * Decides what a new change starts: the statements for the batch that stores it, and the run that
   * they start.
   */
  onChange(
    change: Pick<Change, 'app' | 'sha' | 'chain'>,
    actor: Actor,
  ): Promise<{ run: number; statements: Statement[] }>
}

/** What the operations of the source share. */
export interface SourceContext extends SourceOptions {
  apps: ReturnType<typeof createApps>
  /** Runs the operations on one repository one after the other. */
  oneAtATime<T>(app: string, act: () => Promise<T>): Promise<T>
}

export interface Received {
  decision: BranchDecision
  run: number | null
}

/** Tries when others store the same change at the same time; more than that is not a race. */
const maxTries = 20

/**
 * Checks the delivered branch in the bare repository. A new head is stored as a change with its
 * event and run in one transaction, and with the people who pushed it. Safe to repeat.
 */
export async function receive(
  context: SourceContext,
  name: string,
  actor: Actor,
  pushes: readonly Push[] = [],
): Promise<Received> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await receiveOnce(context, await context.apps.mustGet(name), actor, pushes)
    } catch (error) {
      const isRace = store.isLostRace(error) || store.isKnown(error)
      if (!isRace || tries >= maxTries) throw error
    }
  }
}

async function receiveOnce(
  context: SourceContext,
  app: store.StoredApp,
  actor: Actor,
  pushes: readonly Push[],
): Promise<Received> {
  const { apps, db } = context
  const bare = apps.bareOf(app.name)
  if (!existsSync(bare)) return { decision: await recreateRepository(context, app), run: null }
  const decision = decideBranch(app.head, await headOf(bare, app.branch))
  const people = 'sha' in decision ? peopleOf(pushes, app.branch, decision.sha) : []
  if (decision.kind === 'known' && people.length > 0)
    await db.query(store.addPeople(app.name, decision.sha, people))
  if (decision.kind === 'known' || decision.kind === 'empty') return { decision, run: null }
  if (decision.kind === 'new_change')
    return {
      decision,
      run: await storeChange(context, app, { ...decision, people }, actor, 'head'),
    }
  const type = 'dev.cdevents.branch.deleted'
  const subject = `branch/${app.branch}`
  await db.batch([
    store.moveHead(app.name, app.head, null),
    appendEvent({ ...about(app.name, actor), type, subject, data: { was: app.head } }),
  ])
  return { decision, run: null }
}

/**
 * Creates an empty repository when the app's own is missing, as after a restore of the database
 * on another machine. This is not a deleted branch.
 */
async function recreateRepository(
  { apps, db, log }: SourceContext,
  app: store.StoredApp,
): Promise<BranchDecision> {
  log.warn('the repository of an app was missing and has been recreated empty', { app: app.name })
  await db.query(store.moveHead(app.name, app.head, null))
  await initBare(apps.bareOf(app.name), app.branch)
  return { kind: 'empty' }
}

/** Stores a commit as a change, with its event and the run that it starts, and returns the run. */
export async function storeChange(
  { apps, db, onChange }: SourceContext,
  app: store.StoredApp,
  { sha, base, people = [] }: { sha: string; base: string | null; people?: ChangePerson[] },
  actor: Actor,
  as: 'head' | 'request',
): Promise<number> {
  const bare = apps.bareOf(app.name)
  const [facts, commits] = await Promise.all([
    commitFacts(bare, sha).catch((error: unknown) => {
      if (!(error instanceof GitError)) throw error
      const repository = nameOf(app.repository)
      throw new FairleadError('repository', { repository, problem: error.message })
    }),
    commitsOf(db, bare, app, { sha, base }),
  ])
  const known = await store.getChange(db, app.name, sha)
  const chain = known?.chain ?? `c-${randomUUID()}`
  const change = { app: app.name, branch: app.branch, base, chain, ...facts }
  const { run, statements } = await onChange(change, actor)
  await db.batch([
    ...(as === 'head' ? [store.moveHead(app.name, app.head, sha)] : []),
    store.insertChange(change, as === 'head' && known !== null),
    ...(people.length > 0 ? [store.addPeople(app.name, sha, people)] : []),
    appendEvent({
      type: 'dev.cdevents.change.merged',
      subject: `change/${sha}`,
      chain: change.chain,
      app: app.name,
      actor,
      data: {
        ...{ branch: app.branch, base, subject: facts.subject, author: facts.author.name },
        ...(commits === null ? {} : commits),
      },
    }),
    ...statements,
  ])
  return run
}

/** Commits of a change that are counted, and of which the ids are stored. */
const mostCounted = 1000
const mostStored = 100
/** Earlier changes whose commits do not belong to the first change of a new branch. */
const mostEarlier = 200

/** The commits that a change brings besides its head. Each belongs to no earlier change. */
async function commitsOf(
  db: SourceContext['db'],
  bare: string,
  app: store.StoredApp,
  { sha, base }: { sha: string; base: string | null },
): Promise<{ commits: number; earlier: string[] } | null> {
  const without = base === null ? await store.listChangeIds(db, app.name, mostEarlier) : [base]
  const ids = await listCommitIds(bare, sha, { without, limit: mostCounted })
  const earlier = ids?.filter((id) => id !== sha)
  return earlier ? { commits: earlier.length, earlier: earlier.slice(0, mostStored) } : null
}
