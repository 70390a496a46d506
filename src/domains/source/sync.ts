import { FairleadError } from '#contract/errors.ts'
import type { Actor } from '#contract/event/event.ts'
import { git, GitError } from '#platform/git/git.ts'
import { missingBranch, nameOf } from './apps.ts'
import { receive, type Received, type SourceContext } from './receive.ts'
import type { Push } from './push.ts'
import { fetchInto, headOf, initBare, listTags, readRemote } from './repository.ts'
import * as store from './store.ts'

/**
 * Fetches the app's repository, and receives its head. While the repository cannot be read or lacks
 * the branch, the app has a problem that the API shows.
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
      const { problem, isRead } = await fetchOrProblem(apps.bareOf(name), app, signal)
      if (problem !== app.problem) await db.query(store.setProblem(name, problem))
      if (!isRead)
        throw new FairleadError('repository', {
          repository: nameOf(app.repository),
          problem: problem ?? '',
        })
    }
    return receive(context, name, actor, pushes)
  })
}

/**
 * Fetches the branch and the tags into the bare repository. Returns why git failed, or that the
 * repository has no such branch.
 */
async function fetchOrProblem(
  bare: string,
  app: store.StoredApp,
  signal?: AbortSignal,
): Promise<{ problem: string | null; isRead: boolean }> {
  const { repository, branch } = app
  if (repository.kind === 'hosted') return { problem: null, isRead: true }
  try {
    await initBare(bare, branch)
    const there = await readRemote(bare, repository, branch, signal)
    if (there.head === null) {
      await git(bare, ['update-ref', '-d', `refs/heads/${branch}`])
      return { problem: missingBranch(app, there), isRead: true }
    }
    const isSame =
      there.head === (await headOf(bare, branch)) && haveSame(there.tags, await listTags(bare))
    if (!isSame) await fetchInto(bare, repository, branch, signal)
    return { problem: null, isRead: true }
  } catch (error) {
    if (error instanceof GitError) return { problem: error.message, isRead: false }
    throw error
  }
}

const haveSame = (one: string[], other: string[]): boolean =>
  one.length === other.length && new Set([...one, ...other]).size === one.length
