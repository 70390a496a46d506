import { FairleadError } from '#contract/errors.ts'
import type { ForgeKind } from '#contract/forge/forge.ts'
import type { PullRequest } from '#contract/pull-request/pull-request.ts'
import { openDatabase } from '#platform/postgres/postgres.ts'
import type { Statement } from '#platform/postgres/sql.ts'
import { type ForgePull, type ForgeServer, startForge } from './forge-server.ts'
import type { Installation } from './installation.ts'
import { makeRepository, type Repository } from './repository.ts'
import { waitFor } from './wait.ts'

/** Where each kind of forge keeps the head of a pull request. */
export const headRefs: Record<string, (pull: Pick<ForgePull, 'number' | 'branch'>) => string> = {
  github: ({ number }) => `refs/pull/${number}/head`,
  gitlab: ({ number }) => `refs/merge-requests/${number}/head`,
  gitea: ({ number }) => `refs/pull/${number}/head`,
  forgejo: ({ number }) => `refs/pull/${number}/head`,
  bitbucket: ({ number }) => `refs/pull-requests/${number}/from`,
  'bitbucket cloud': ({ branch }) => `refs/heads/${branch}`,
}

const token = 'forge-token-7c21'

/**
 * An app, its repository, and the forge that has it: what is proposed there is put where the forge
 * would put it.
 */
export interface Proposing {
  app: string
  repository: Repository
  forge: ForgeServer
  /** Commits what is proposed: on a branch of the repository, or of a fork. */
  propose(
    pull: Omit<ForgePull, 'sha' | 'state'>,
    files: Record<string, string | null>,
  ): Promise<string>
  /** Says how it is with a pull request from now on; null forgets it. */
  say(number: number, more: Partial<ForgePull> | null): void
  get(number: number): Promise<PullRequest>
  /** The pull request once its head has run to an end. */
  ran(number: number, sha: string, isTrusted?: boolean): Promise<PullRequest>
  /** What a step of the newest run of it wrote. */
  log(number: number, step: string): Promise<string>
  /** Deletes the app, its repositories and its forge. */
  remove(): Promise<void>
}

/** Registers an app of a new repository; its branch is delivered when this ends. */
export async function startProposing(
  installation: Installation,
  app: string,
  files: Record<string, string>,
  { kind = 'github', isConnected = true }: { kind?: string; isConnected?: boolean } = {},
): Promise<Proposing> {
  const { client } = installation
  const forge = await startForge(token)
  const repository = await makeRepository(files)
  const fork = await makeRepository({})
  await client.createApp({
    body: { name: app, repository: { kind: 'path', path: repository.folder } },
  })
  const isCloud = kind === 'bitbucket cloud'
  const url = `${forge.url}${isCloud ? '/2.0' : ''}`
  const body = {
    kind: (isCloud ? 'bitbucket' : kind) as ForgeKind,
    url,
    repository: 'acme/shop',
    token,
  }
  if (isConnected) await client.putForge({ params: { app }, body })
  await waitFor('the branch is delivered', async () => {
    const { runs } = await client.listRuns({ query: { app, state: 'succeeded' } })
    return runs.some(({ trigger }) => trigger === 'push')
  })
  const get = (number: number): Promise<PullRequest> =>
    installation.client.getPullRequest({ params: { app, number } })
  return {
    ...{ app, repository, forge, get },
    propose: async (pull, changes) => {
      const place = pull.fork === undefined ? repository : fork
      if (place === fork) await fork.git('fetch', '--quiet', repository.folder, 'main')
      // A fork has a branch `main`, too, which is not where ours began.
      const branch = place === fork ? `pull-${pull.number}` : pull.branch
      const isKnown = (await place.git('branch', '--list', branch)).trim() !== ''
      const from = isKnown ? [branch] : ['-b', branch, place === fork ? 'FETCH_HEAD' : 'main']
      await place.git('checkout', '--quiet', ...from)
      const sha = await place.commit(changes, `Propose ${pull.number}`)
      const ref = headRefs[kind]!(pull)
      if (place === fork)
        await fork.git('push', '--quiet', '--force', repository.folder, `HEAD:${ref}`)
      else {
        await repository.git('checkout', '--quiet', 'main')
        await repository.git('update-ref', ref, sha)
      }
      forge.pulls = [
        ...forge.pulls.filter(({ number }) => number !== pull.number),
        { ...pull, sha, state: 'open' },
      ]
      return sha
    },
    say: (number, more) => {
      forge.pulls = forge.pulls.flatMap((one) => {
        if (one.number !== number) return [one]
        return more === null ? [] : [{ ...one, ...more }]
      })
    },
    ran: async (number, sha, isTrusted = true) => {
      await waitFor(`pull request ${number} has run at ${sha.slice(0, 7)}`, async () => {
        const { run } = await get(number)
        const isEnded = run !== null && !['queued', 'running'].includes(run.state)
        return isEnded && run.sha === sha && run.isTrusted === isTrusted
      })
      return get(number)
    },
    log: async (number, step) => {
      const { run } = await get(number)
      const { lines } = await installation.client.getLog({ params: { run: run?.id ?? 0, step } })
      return lines.map(({ text }) => text).join('\n')
    },
    remove: async () => {
      // The server would go on polling it.
      await installation.client.deleteApp({ params: { app } }).catch((error: unknown) => {
        // The test may have deleted it, or stopped the server.
        if (!(error instanceof FairleadError)) throw error
      })
      await forge.stop()
      await repository.remove()
      await fork.remove()
    },
  }
}

/** Changes something in the database of an installation, as time would. */
export async function change(installation: Installation, statement: Statement): Promise<void> {
  const { connection } = installation
  const db = await openDatabase({ connection, onError: () => undefined })
  await db.query(statement)
  await db.close()
}
