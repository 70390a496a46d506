import { FairleadError } from '#contract/errors.ts'
import type { Actor } from '#contract/event/event.ts'
import { nameOf } from './apps.ts'
import { receive, type Received, type SourceContext, storeChange } from './receive.ts'
import { fetchCommit, fetchInto, headOf, resolveCommit } from './repository.ts'
import * as store from './store.ts'
import { sync } from './sync.ts'

/**
 * Delivers a commit on request, the head of the branch by default. Stores it as a change if it is
 * not one yet, and returns the run that this started.
 */
export async function deliverCommit(
  context: SourceContext,
  name: string,
  commit: string | undefined,
  actor: Actor,
): Promise<{ sha: string; run: number | null }> {
  const { apps } = context
  const app = await apps.mustGet(name)
  const bare = apps.bareOf(name)
  const here = commit === undefined ? null : await resolveCommit(bare, commit)
  const received =
    here === null ? await sync(context, name, actor) : await receiveKnown(context, app, here, actor)
  const sha =
    here ??
    (commit === undefined ? await mustHaveHead(context, app) : await find(context, app, commit))
  if (received?.decision.kind === 'new_change' && received.decision.sha === sha)
    return { sha, run: received.run }
  return { sha, run: await storeRequested(context, name, sha, actor) }
}

/**
 * Receives the head when a requested commit is here already. This needs no access to another
 * repository, but one on this machine may have new tags.
 */
async function receiveKnown(
  context: SourceContext,
  app: store.StoredApp,
  sha: string,
  actor: Actor,
): Promise<Received | null> {
  const synced =
    app.repository.kind === 'path'
      ? await sync(context, app.name, actor).catch((error: unknown) => {
          if (error instanceof FairleadError && error.code === 'repository') return null
          throw error
        })
      : null
  if (synced !== null) return synced
  const isHead = sha === (await headOf(context.apps.bareOf(app.name), app.branch))
  return isHead ? receive(context, app.name, actor) : null
}

async function mustHaveHead({ apps }: SourceContext, app: store.StoredApp): Promise<string> {
  const head = await headOf(apps.bareOf(app.name), app.branch)
  if (head !== null) return head
  const now = await apps.mustGet(app.name)
  const problem = now.problem ?? `its branch ${app.branch} has no commit`
  throw new FairleadError('repository', { repository: nameOf(app.repository), problem })
}

/** Finds a requested commit after a sync. It may be on another branch, or on none. */
async function find(
  { apps, oneAtATime }: SourceContext,
  app: store.StoredApp,
  commit: string,
): Promise<string> {
  const bare = apps.bareOf(app.name)
  const { repository } = app
  let found = await resolveCommit(bare, commit)
  if (found === null && repository.kind !== 'hosted') {
    await oneAtATime(app.name, () => fetchInto(bare, repository, app.branch)).catch(() => undefined)
    if (commit.length >= 40) await fetchCommit(bare, repository, commit).catch(() => undefined)
    found = await resolveCommit(bare, commit)
  }
  if (found === null)
    throw new FairleadError('not_found', { kind: `commit of ${app.name} with the id`, id: commit })
  return found
}

/** Stores a requested commit and returns its run, or null when the commit already is a change. */
async function storeRequested(
  context: SourceContext,
  name: string,
  sha: string,
  actor: Actor,
): Promise<number | null> {
  if (await store.getChange(context.db, name, sha)) return null
  const app = await context.apps.mustGet(name)
  try {
    return await storeChange(context, app, { sha, base: app.head }, actor, 'request')
  } catch (error) {
    if (store.isKnown(error)) return null
    throw error
  }
}
