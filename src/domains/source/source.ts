import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import type { App, Change, Repository } from '#contract/app.ts'
import { FairleadError } from '#contract/errors.ts'
import { appendEvent } from '#engine/events.ts'
import { git, GitError } from '#platform/git.ts'
import type { Logger } from '#platform/log.ts'
import type { Database } from '#platform/postgres.ts'
import type { Statement } from '#platform/sql.ts'
import { branchProblem, type BranchDecision, decideBranch, repositoryProblem } from './change.ts'
import { checkout } from './checkout.ts'
import { commitFacts, fetchInto, headOf, initBare, remoteHead, resolveCommit } from './repository.ts'
import * as store from './store.ts'

export interface SourceOptions {
  db: Database
  /** the folder of the bare repositories */
  repositories: string
  publicUrl: string
  log: Logger
  /** what is to happen with a new change: statements for the same batch, and the run that they start */
  onChange(
    change: Pick<Change, 'app' | 'sha' | 'chain'>,
    actor: string,
  ): Promise<{ run: number; statements: Statement[] }>
}

export interface Received {
  decision: BranchDecision
  run: number | null
}

export type Source = ReturnType<typeof createSource>

/** Apps and their repositories, and the changes that come from them. */
export function createSource(options: SourceOptions) {
  const { db } = options
  const bareOf = (app: string): string => join(options.repositories, `${app}.git`)

  const mustGet = async (name: string): Promise<store.StoredApp> => {
    const app = await store.getApp(db, name)
    if (!app) throw new FairleadError('not_found', { kind: 'app', id: name })
    return app
  }

  const register = async (
    wanted: { name: string; repository: Repository; branch: string },
    actor: string,
  ): Promise<App> => {
    const wrong = repositoryProblem(wanted.repository)
    if (wrong) throw new FairleadError('repository', { repository: nameOf(wanted.repository), problem: wrong })
    const wrongBranch = branchProblem(wanted.branch)
    if (wrongBranch) throw new FairleadError('invalid_input', { field: 'branch', problem: wrongBranch })
    const known = await store.getApp(db, wanted.name)
    if (known) {
      if (JSON.stringify(sorted(known.repository)) !== JSON.stringify(sorted(wanted.repository))) {
        throw new FairleadError('already_exists', {
          kind: 'app',
          id: `${wanted.name} (of ${nameOf(known.repository)})`,
        })
      }
      return store.toApp(known, options.publicUrl)
    }
    await initBare(bareOf(wanted.name), wanted.branch)
    if (wanted.repository.kind !== 'hosted') await mustAnswer(bareOf(wanted.name), wanted.repository, wanted.branch)
    try {
      await db.batch([
        store.insertApp(wanted),
        appendEvent({
          type: 'dev.cdevents.repository.created',
          subject: `app/${wanted.name}`,
          chain: `app/${wanted.name}`,
          app: wanted.name,
          actor,
          data: { kind: wanted.repository.kind, branch: wanted.branch },
        }),
      ])
    } catch (error) {
      if ((error as { code?: string }).code !== '23505') throw error
    }
    return store.toApp(await mustGet(wanted.name), options.publicUrl)
  }

  /** Looks at the delivered branch, and stores what is new: change, event, run and head in one transaction. Safe to repeat. */
  const receive = async (name: string, actor: string): Promise<Received> => {
    for (;;) {
      const app = await mustGet(name)
      const decision = decideBranch(app.head, await headOf(bareOf(name), app.branch))
      if (decision.kind === 'known' || decision.kind === 'empty') return { decision, run: null }
      try {
        if (decision.kind === 'new_change') return { decision, run: await storeChange(app, decision, actor) }
        await db.batch([
          store.moveHead(name, app.head, null),
          appendEvent({
            type: 'dev.cdevents.branch.deleted',
            subject: `branch/${app.branch}`,
            chain: `app/${name}`,
            app: name,
            actor,
            data: { was: app.head },
          }),
        ])
        return { decision, run: null }
      } catch (error) {
        if (!store.isLostRace(error)) throw error
      }
    }
  }

  const storeChange = async (
    app: store.StoredApp,
    { sha, base }: { sha: string; base: string | null },
    actor: string,
    moveHead = true,
  ): Promise<number> => {
    const facts = await commitFacts(bareOf(app.name), sha)
    const known = await store.getChange(db, app.name, sha)
    const change = { app: app.name, branch: app.branch, base, chain: known?.chain ?? `c-${randomUUID()}`, ...facts }
    const { run, statements } = await options.onChange(change, actor)
    await db.batch([
      ...(moveHead ? [store.moveHead(app.name, app.head, sha)] : []),
      store.insertChange(change),
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

  /** Fetches from where the app's commits are, and receives. A repository that cannot be read becomes the app's problem, and stops being it when it can. */
  const sync = async (name: string, actor: string, signal?: AbortSignal): Promise<Received> => {
    const app = await mustGet(name)
    if (app.repository.kind !== 'hosted') {
      const problem = await fetchOrProblem(app, signal)
      await db.query(store.setProblem(name, problem))
      if (problem !== null) throw new FairleadError('repository', { repository: nameOf(app.repository), problem })
    }
    return receive(name, actor)
  }

  const fetchOrProblem = async (app: store.StoredApp, signal?: AbortSignal): Promise<string | null> => {
    if (app.repository.kind === 'hosted') return null
    const address = app.repository.kind === 'path' ? app.repository.path : app.repository.url
    try {
      const there = await remoteHead(bareOf(app.name), address, app.branch, signal)
      if (there === null) {
        await git(bareOf(app.name), ['update-ref', '-d', `refs/heads/${app.branch}`])
      } else if (there !== (await headOf(bareOf(app.name), app.branch))) {
        await fetchInto(bareOf(app.name), app.repository, app.branch, signal)
      }
      return null
    } catch (error) {
      if (error instanceof GitError) return store.withoutCredentials(error.message)
      throw error
    }
  }

  return {
    register,
    receive,
    sync,
    bareOf,
    get: async (name: string): Promise<App | null> => {
      const app = await store.getApp(db, name)
      return app && store.toApp(app, options.publicUrl)
    },
    stored: (name: string) => store.getApp(db, name),
    list: async (): Promise<App[]> => (await store.listApps(db)).map((app) => store.toApp(app, options.publicUrl)),
    listStored: () => store.listApps(db),
    /** The change of a commit that somebody asks for; stores it when it is not known yet, and answers the run that this began. */
    deliverCommit: async (
      name: string,
      commit: string | undefined,
      actor: string,
    ): Promise<{ sha: string; run: number | null }> => {
      const app = await mustGet(name)
      const received = await sync(name, actor)
      const head = (await headOf(bareOf(name), app.branch)) ?? undefined
      if (commit !== undefined && app.repository.kind === 'path' && commit !== head)
        await fetchInto(bareOf(name), app.repository, app.branch).catch(() => undefined)
      const sha = commit === undefined ? head : await resolveCommit(bareOf(name), commit)
      if (!sha) {
        throw commit === undefined
          ? new FairleadError('repository', {
              repository: nameOf(app.repository),
              problem: `its branch ${app.branch} has no commit`,
            })
          : new FairleadError('not_found', { kind: `commit of ${name} with the id`, id: commit })
      }
      if (sha === head && received.run !== null) return { sha, run: received.run }
      if (await store.getChange(db, name, sha)) return { sha, run: null }
      return { sha, run: await storeChange(await mustGet(name), { sha, base: app.head }, actor, false) }
    },
    checkout: (request: { app: string; sha: string; folder: string; signal: AbortSignal }) =>
      checkout(bareOf(request.app), request.sha, request.folder, request.signal),
    remove: async (name: string, actor: string): Promise<void> => {
      await mustGet(name)
      await db.batch([
        store.deleteApp(name),
        appendEvent({
          type: 'dev.cdevents.repository.deleted',
          subject: `app/${name}`,
          chain: `app/${name}`,
          app: name,
          actor,
        }),
      ])
    },
  }
}

const nameOf = (repository: Repository): string =>
  repository.kind === 'hosted'
    ? 'hosted here'
    : repository.kind === 'path'
      ? repository.path
      : store.withoutCredentials(repository.url)

const sorted = (repository: Repository): [string, unknown][] =>
  Object.entries(repository).sort(([a], [b]) => a.localeCompare(b))

async function mustAnswer(
  bare: string,
  repository: Exclude<Repository, { kind: 'hosted' }>,
  branch: string,
): Promise<void> {
  const address = repository.kind === 'path' ? repository.path : repository.url
  try {
    await remoteHead(bare, address, branch)
  } catch (error) {
    throw new FairleadError('repository', {
      repository: nameOf(repository),
      problem: store.withoutCredentials((error as Error).message),
    })
  }
}
