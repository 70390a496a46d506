import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { App, Repository } from '#contract/app/app.ts'
import { FairleadError } from '#contract/errors.ts'
import type { Actor } from '#contract/event/event.ts'
import { appendEvent } from '#engine/events.ts'
import { git, GitError, withoutCredentials } from '#platform/git/git.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { branchProblem, repositoryProblem } from './change.ts'
import { initBare, readRemote, type RemoteState, setAside } from './repository.ts'
import * as store from './store.ts'

export interface AppsOptions {
  db: Database
  /** folder of the bare repositories */
  repositories: string
  publicUrl: string
}

/** Registers and removes apps; each app has a bare repository of its own. */
export function createApps({ db, repositories, publicUrl }: AppsOptions) {
  const bareOf = (app: string): string => join(repositories, `${app}.git`)

  const mustGet = async (name: string): Promise<store.StoredApp> => {
    const app = await store.getApp(db, name)
    if (!app) throw new FairleadError('not_found', { kind: 'app', id: name })
    return app
  }

  /**
   * Registers an app, or returns the existing one when its repository is the same. The row is
   * stored before the repository is created, so that no repository is left without an app.
   */
  const register = async (
    given: Omit<store.NewApp, 'folder'> & { folder?: string },
    actor: Actor,
  ): Promise<App> => {
    const wanted = { ...given, folder: plainFolder(given.folder ?? '.') }
    refuseBadText(wanted)
    const known = await store.getApp(db, wanted.name)
    if (!known) {
      await mkdir(repositories, { recursive: true, mode: 0o700 })
      await mustAnswer(repositories, wanted)
      await insert(wanted, actor)
    }
    const app = known ?? (await mustGet(wanted.name))
    if (!isSame(app.repository, wanted.repository)) {
      throw new FairleadError('already_exists', {
        kind: 'app',
        id: `${wanted.name} (of ${nameOf(app.repository)})`,
      })
    }
    await initBare(bareOf(app.name), app.branch)
    return store.toApp(app, publicUrl)
  }

  const insert = async (app: store.NewApp, actor: Actor): Promise<void> => {
    const data = { kind: app.repository.kind, branch: app.branch }
    try {
      await db.batch([
        store.insertApp(app),
        appendEvent({ type: 'dev.cdevents.repository.created', ...about(app.name, actor), data }),
      ])
    } catch (error) {
      if (!store.isKnown(error)) throw error
    }
  }

  /** Deletes an app and its repository. Its events remain. */
  const remove = async (name: string, actor: Actor): Promise<void> => {
    await mustGet(name)
    const aside = await setAside(bareOf(name))
    try {
      await db.batch([
        store.deleteApp(name),
        appendEvent({ type: 'dev.cdevents.repository.deleted', ...about(name, actor) }),
      ])
    } catch (error) {
      await aside.restore()
      throw error
    }
    await aside.remove()
  }

  /** Makes another branch the one that is delivered. Its head is compared with the last one. */
  const setBranch = async (name: string, branch: string, actor: Actor): Promise<void> => {
    const app = await mustGet(name)
    const { repository, branch: was } = app
    refuseBadText({ repository, branch })
    if (branch === was) return
    await initBare(bareOf(name), was)
    if (repository.kind === 'hosted')
      await git(bareOf(name), ['symbolic-ref', 'HEAD', `refs/heads/${branch}`])
    else await mustHaveBranch(bareOf(name), { name, repository, branch })
    await db.batch([
      store.setBranch(name, branch),
      appendEvent({
        ...{ type: 'dev.cdevents.repository.modified', ...about(name, actor) },
        data: { branch, was },
      }),
    ])
  }

  return {
    bareOf,
    mustGet,
    register,
    remove,
    setBranch,
    get: async (name: string): Promise<App | null> => {
      const app = await store.getApp(db, name)
      return app && store.toApp(app, publicUrl)
    },
    list: async (): Promise<App[]> =>
      (await store.listApps(db)).map((app) => store.toApp(app, publicUrl)),
  }
}

/** The fields that all events of an app's repository share. */
export const about = (app: string, actor: Actor) => ({
  subject: `app/${app}`,
  chain: `app/${app}`,
  app,
  actor,
})

/** Normalises a folder: `./a//b/` becomes `a/b`. */
const plainFolder = (folder: string): string =>
  folder
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/') || '.'

/** Names a repository for people, without credentials. */
export function nameOf(repository: Repository): string {
  if (repository.kind === 'hosted') return 'hosted here'
  return repository.kind === 'path' ? repository.path : withoutCredentials(repository.url)
}

/** Why an app takes no push, in one sentence; null for a hosted one. */
export function pushProblem({
  name,
  repository,
}: Pick<store.StoredApp, 'name' | 'repository'>): string | null {
  if (repository.kind === 'hosted') return null
  return (
    `${name} is delivered from ${nameOf(repository)}, so a commit that is pushed here would be ` +
    'lost. Push to that repository instead.'
  )
}

function refuseBadText({ repository, branch }: { repository: Repository; branch: string }): void {
  const wrong = repositoryProblem(repository)
  if (wrong)
    throw new FairleadError('repository', { repository: nameOf(repository), problem: wrong })
  const wrongBranch = branchProblem(branch)
  if (wrongBranch)
    throw new FairleadError('invalid_input', { field: 'branch', problem: wrongBranch })
}

/** Reads a repository. Throws one sentence when it cannot be read; null for a hosted one. */
async function mustAnswer(
  cwd: string,
  { repository, branch }: Pick<store.StoredApp, 'repository' | 'branch'>,
): Promise<RemoteState | null> {
  if (repository.kind === 'hosted') return null
  try {
    return await readRemote(cwd, repository, branch)
  } catch (error) {
    if (!(error instanceof GitError)) throw error
    throw unusable(repository, error.message)
  }
}

async function mustHaveBranch(
  cwd: string,
  app: Pick<store.StoredApp, 'name' | 'repository' | 'branch'>,
): Promise<void> {
  const there = await mustAnswer(cwd, app)
  if (there?.head === null)
    throw unusable(app.repository, missingBranch(app, there) ?? `it has no branch ${app.branch}`)
}

const unusable = (repository: Repository, problem: string): FairleadError =>
  new FairleadError('repository', { repository: nameOf(repository), problem })

/** Why a branch that does not exist is missing, in one sentence; null in an empty repository. */
export function missingBranch(
  { name, branch }: Pick<store.StoredApp, 'name' | 'branch'>,
  { defaultBranch }: Pick<RemoteState, 'defaultBranch'>,
): string | null {
  if (defaultBranch === null) return null
  const command = `fairlead app set ${name} --branch ${defaultBranch}`
  return `it has no branch ${branch}; to deliver ${defaultBranch}, run \`${command}\``
}

function isSame(one: Repository, other: Repository): boolean {
  if (one.kind === 'path') return other.kind === 'path' && one.path === other.path
  if (one.kind === 'url') return other.kind === 'url' && one.url === other.url
  return other.kind === 'hosted'
}
