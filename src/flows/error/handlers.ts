import { visibleApps } from '#contract/access/grants.ts'
import type { ErrorDetail, ErrorGroup, ErrorKey } from '#contract/error/error.ts'
import { FairleadError } from '#contract/errors.ts'
import type { Caller, SomeHandlers } from '#contract/handler.ts'
import * as store from '#domains/error/store.ts'
import type { Checkouts } from '#domains/source/checkouts.ts'
import { appendEvent } from '#engine/events.ts'
import { findSuspects } from '#flows/monitoring/owners.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import type { Statement } from '#platform/postgres/sql.ts'
import { getDeployment } from '#views/deployment.ts'
import { broughtBy, getErrorGroup, listErrorGroups, releasesOfError } from '#views/error.ts'
import { replacedBy } from '#views/watched.ts'
import { type Releases, showFrames } from './frames.ts'
import { dsnOf } from './key.ts'

export interface ErrorHandlersOptions {
  db: Database
  source: Pick<Checkouts, 'bareOf'>
  publicUrl: string
  /** throws when there is no such app */
  getApp(app: string): Promise<unknown>
}

type ChangeType =
  | 'dev.cdeventsx.fairlead-error.resolved'
  | 'dev.cdeventsx.fairlead-error.ignored'
  | 'dev.cdeventsx.fairlead-error.reopened'

type ErrorEndpoints =
  | 'listErrors'
  | 'getError'
  | 'resolveError'
  | 'ignoreError'
  | 'reopenError'
  | 'getErrorKey'
  | 'replaceErrorKey'

/** Serves the errors of services, and what people do with them. */
export function errorHandlers(options: ErrorHandlersOptions): SomeHandlers<ErrorEndpoints> {
  const { db } = options
  const change = async (
    id: number,
    caller: Caller,
    type: ChangeType,
    statement: Statement,
  ): Promise<ErrorDetail> => {
    const error = await mustGet(db, id)
    await db.batch([
      statement,
      appendEvent({
        type,
        ...{ subject: `error/${id}`, chain: `app/${error.app}`, app: error.app, actor: caller },
        data: { type: error.type, message: error.message.slice(0, 200) },
      }),
    ])
    return detailOf(options, id)
  }
  return {
    listErrors: async ({ query }, caller) => {
      const filter = { ...query, apps: visibleApps(caller) }
      const [errors, dropped] = await Promise.all([
        listErrorGroups(db, filter),
        store.listDropped(db, filter),
      ])
      return { errors, dropped }
    },
    getError: ({ params }) => detailOf(options, params.error),
    resolveError: ({ params: { error }, body }, caller) =>
      change(
        error,
        caller,
        'dev.cdeventsx.fairlead-error.resolved',
        store.resolveError(error, caller.name, body.nextRelease),
      ),
    ignoreError: ({ params: { error } }, caller) =>
      change(error, caller, 'dev.cdeventsx.fairlead-error.ignored', store.ignoreError(error)),
    reopenError: ({ params: { error } }, caller) =>
      change(error, caller, 'dev.cdeventsx.fairlead-error.reopened', store.reopenError(error)),
    getErrorKey: async ({ params: { app } }) => {
      await options.getApp(app)
      await db.query(store.createKey(app))
      return keyOf(options, app)
    },
    replaceErrorKey: async ({ params: { app } }, caller) => {
      await options.getApp(app)
      await db.batch([
        store.replaceKey(app),
        appendEvent({
          type: 'dev.cdeventsx.fairlead-errorkey.replaced',
          ...{ subject: `app/${app}`, chain: `app/${app}`, app, actor: caller },
        }),
      ])
      return keyOf(options, app)
    },
  }
}

async function keyOf(
  { db, publicUrl }: Pick<ErrorHandlersOptions, 'db' | 'publicUrl'>,
  app: string,
): Promise<ErrorKey> {
  const key = await store.getKey(db, app)
  if (!key) throw new FairleadError('not_found', { kind: 'app', id: app })
  return { app, dsn: dsnOf(publicUrl, key), created: key.created }
}

async function mustGet(db: Database, id: number): Promise<ErrorGroup> {
  const found = await getErrorGroup(db, id)
  if (!found) throw new FairleadError('not_found', { kind: 'error', id })
  return found
}

async function detailOf(options: ErrorHandlersOptions, id: number): Promise<ErrorDetail> {
  const { db } = options
  const error = await mustGet(db, id)
  const [resolution, releases, days, event] = await Promise.all([
    store.getResolution(db, id),
    releasesOfError(db, id),
    store.countDays(db, id),
    store.newestEvent(db, id),
  ])
  const environment = event?.environment ?? error.environments.at(-1)
  const deployment = environment ? await broughtBy(db, { error: id, environment }) : null
  const sha = releases.find(({ release }) => release === event?.release)?.sha ?? null
  const suspects = await findSuspects(options, deployment, { errors: [id] })
  return {
    ...{ ...error, ...resolution, releases, days, event },
    frames: await showFrames(
      event?.details.exceptions[0]?.frames ?? [],
      await releasesOf(options, { app: error.app, sha, deployment }),
    ),
    suspects: suspects.map(({ name, user, reason }) => ({ name, user, reason })),
  }
}

/** What ran, and the release before the one that brought the error. */
async function releasesOf(
  { db, source }: ErrorHandlersOptions,
  { app, sha, deployment }: { app: string; sha: string | null; deployment: number | null },
): Promise<Releases | null> {
  if (sha === null) return null
  const brought = deployment === null ? null : await getDeployment(db, deployment)
  const former = brought ? await replacedBy(db, brought) : null
  return { bare: source.bareOf(app), sha, former: former?.sha ?? null }
}
