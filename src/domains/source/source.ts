import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import type { Change } from '#contract/app/app.ts'
import { FairleadError } from '#contract/errors.ts'
import type { Actor } from '#contract/event/event.ts'
import { appendEvent } from '#engine/events.ts'
import { git, GitError } from '#platform/git/git.ts'
import type { Logger } from '#platform/log.ts'
import type { Statement } from '#platform/postgres/sql.ts'
import { about, createApps, nameOf, type AppsOptions } from './apps.ts'
import { type BranchDecision, decideBranch } from './change.ts'
import { createCheckouts } from './checkouts.ts'
import { inTurn } from './in-turn.ts'
import {
  commitFacts,
  fetchCommit,
  fetchInto,
  headOf,
  initBare,
  remoteHead,
  resolveCommit,
} from './repository.ts'
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

/** Tries when others store the same change at the same time; more than that is not a race. */
const maxTries = 20

export interface Received {
  decision: BranchDecision
  run: number | null
}

export type Source = ReturnType<typeof createSource>

/** Manages apps, their repositories, and the changes that these receive. */
export function createSource(options: SourceOptions) {
  const { db } = options
  const apps = createApps(options)
  const { bareOf, mustGet } = apps
  const oneAtATime = inTurn()

  /**
   * Checks the delivered branch in the bare repository. A new head is stored as a change with its
   * event and run in one transaction. Safe to repeat.
   */
  const receive = async (name: string, actor: Actor): Promise<Received> => {
    for (let tries = 1; ; tries += 1) {
      const app = await mustGet(name)
      if (!existsSync(bareOf(name))) return { decision: await recreateRepository(app), run: null }
      const decision = decideBranch(app.head, await headOf(bareOf(name), app.branch))
      if (decision.kind === 'known' || decision.kind === 'empty') return { decision, run: null }
      try {
        if (decision.kind === 'new_change')
          return { decision, run: await storeChange(app, decision, actor, 'head') }
        const type = 'dev.cdevents.branch.deleted'
        const subject = `branch/${app.branch}`
        await db.batch([
          store.moveHead(name, app.head, null),
          appendEvent({ ...about(name, actor), type, subject, data: { was: app.head } }),
        ])
        return { decision, run: null }
      } catch (error) {
        const isRace = store.isLostRace(error) || store.isKnown(error)
        if (!isRace || tries >= maxTries) throw error
      }
    }
  }

  /**
   * Creates an empty repository when the app's own is missing, as after a restore of the database
   * on another machine. This is not a deleted branch.
   */
  const recreateRepository = async (app: store.StoredApp): Promise<BranchDecision> => {
    options.log.warn('the repository of an app was missing and has been recreated empty', {
      app: app.name,
    })
    await db.query(store.moveHead(app.name, app.head, null))
    await initBare(bareOf(app.name), app.branch)
    return { kind: 'empty' }
  }

  const storeChange = async (
    app: store.StoredApp,
    { sha, base }: { sha: string; base: string | null },
    actor: Actor,
    as: 'head' | 'request',
  ): Promise<number> => {
    const facts = await commitFacts(bareOf(app.name), sha)
    const known = await store.getChange(db, app.name, sha)
    const change = {
      app: app.name,
      branch: app.branch,
      base,
      chain: known?.chain ?? `c-${randomUUID()}`,
      ...facts,
    }
    const { run, statements } = await options.onChange(change, actor)
    await db.batch([
      ...(as === 'head' ? [store.moveHead(app.name, app.head, sha)] : []),
      store.insertChange(change, as === 'head' && known !== null),
      appendEvent({
        type: 'dev.cdevents.change.merged',
        subject: `change/${sha}`,
        chain: change.chain,
        app: app.name,
        actor,
        data: { branch: app.branch, base, subject: facts.subject, author: facts.author.name },
      }),
      ...statements,
    ])
    return run
  }

  /**
   * Fetches the app's repository, and receives its head. While the repository cannot be read, the
   * app has a problem that the API shows.
   */
  const sync = (name: string, actor: Actor, signal?: AbortSignal): Promise<Received> =>
    oneAtATime(name, async () => {
      const app = await mustGet(name)
      if (app.repository.kind !== 'hosted') {
        const problem = await fetchOrProblem(app, signal)
        if (problem !== app.problem) await db.query(store.setProblem(name, problem))
        if (problem !== null)
          throw new FairleadError('repository', { repository: nameOf(app.repository), problem })
      }
      return receive(name, actor)
    })

  const fetchOrProblem = async (
    app: store.StoredApp,
    signal?: AbortSignal,
  ): Promise<string | null> => {
    const { repository, branch } = app
    if (repository.kind === 'hosted') return null
    const bare = bareOf(app.name)
    try {
      await initBare(bare, branch)
      const there = await remoteHead(bare, repository, branch, signal)
      if (there === null) await git(bare, ['update-ref', '-d', `refs/heads/${branch}`])
      else if (there !== (await headOf(bare, branch)))
        await fetchInto(bare, repository, branch, signal)
      return null
    } catch (error) {
      if (error instanceof GitError) return error.message
      throw error
    }
  }

  /**
   * Delivers a commit on request, the head of the branch by default. Stores it as a change if it is
   * not one yet, and returns the run that this started.
   */
  const deliverCommit = async (
    name: string,
    commit: string | undefined,
    actor: Actor,
  ): Promise<{ sha: string; run: number | null }> => {
    const app = await mustGet(name)
    const here = commit === undefined ? null : await resolveCommit(bareOf(name), commit)
    // A commit that is already fetched needs no access to the remote repository.
    const isHead = here !== null && here === (await headOf(bareOf(name), app.branch))
    const received =
      here === null ? await sync(name, actor) : isHead ? await receive(name, actor) : null
    const sha = here ?? (commit === undefined ? await mustHaveHead(app) : await find(app, commit))
    if (received?.decision.kind === 'new_change' && received.decision.sha === sha)
      return { sha, run: received.run }
    return { sha, run: await storeRequested(name, sha, actor) }
  }

  const mustHaveHead = async (app: store.StoredApp): Promise<string> => {
    const head = await headOf(bareOf(app.name), app.branch)
    if (head !== null) return head
    const problem = `its branch ${app.branch} has no commit`
    throw new FairleadError('repository', { repository: nameOf(app.repository), problem })
  }

  /** Finds a requested commit after a sync. It may be on another branch, or on none. */
  const find = async (app: store.StoredApp, commit: string): Promise<string> => {
    const bare = bareOf(app.name)
    const { repository } = app
    let found = await resolveCommit(bare, commit)
    if (found === null && repository.kind !== 'hosted') {
      await oneAtATime(app.name, () => fetchInto(bare, repository, app.branch)).catch(
        () => undefined,
      )
      if (commit.length >= 40) await fetchCommit(bare, repository, commit).catch(() => undefined)
      found = await resolveCommit(bare, commit)
    }
    if (found === null)
      throw new FairleadError('not_found', {
        kind: `commit of ${app.name} with the id`,
        id: commit,
      })
    return found
  }

  /** Stores a requested commit and returns its run, or null when the commit already is a change. */
  const storeRequested = async (
    name: string,
    sha: string,
    actor: Actor,
  ): Promise<number | null> => {
    if (await store.getChange(db, name, sha)) return null
    const app = await mustGet(name)
    try {
      return await storeChange(app, { sha, base: app.head }, actor, 'request')
    } catch (error) {
      if (store.isKnown(error)) return null
      throw error
    }
  }

  return {
    register: apps.register,
    remove: apps.remove,
    get: apps.get,
    list: apps.list,
    receive,
    sync,
    deliverCommit,
    listStored: () => store.listApps(db),
    ...createCheckouts(options),
  }
}
