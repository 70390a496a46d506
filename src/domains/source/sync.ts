import { FairleadError } from '#contract/errors.ts'
import type { Actor } from '#contract/event/event.ts'
import { git, GitError } from '#platform/git/git.ts'
import { nameOf } from './apps.ts'
import { receive, type Received, type SourceContext } from './receive.ts'
import type { Push } from './push.ts'
import { fetchInto, headOf, initBare, remoteHead } from './repository.ts'
import * as store from './store.ts'

/**
 * Fetches the app's repository, and receives its head. While the repository cannot be read, the
 * app has a problem that the API shows.
 */
export function sync(
  context: SourceContext,
  name: string,
  actor: Actor,
  { signal, pushes = [] }: { signal?: AbortSignal | undefined; pushes?: readonly Push[] } = {},
): Promise<Received> {
  const { apps, db, oneAtATime } = context
  return oneAtATime(name, async () => {
    const app = await apps.mustGet(name)
    if (app.repository.kind !== 'hosted') {
      const problem = await fetchOrProblem(apps.bareOf(name), app, signal)
      if (problem !== app.problem) await db.query(store.setProblem(name, problem))
      if (problem !== null)
        throw new FairleadError('repository', { repository: nameOf(app.repository), problem })
    }
    return receive(context, name, actor, pushes)
  })
}

/** Fetches the branch into the bare repository. Returns why git failed, or null. */
async function fetchOrProblem(
  bare: string,
  { repository, branch }: store.StoredApp,
  signal?: AbortSignal,
): Promise<string | null> {
  if (repository.kind === 'hosted') return null
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
