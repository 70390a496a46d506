import { setTimeout as sleep } from 'node:timers/promises'
import type { ForgeClient } from '#domains/forge/client.ts'
import { ForgeRefusal } from '#domains/forge/request.ts'
import { decidePause, decideReport, type PendingReport } from '#domains/forge/rules.ts'
import * as forges from '#domains/forge/store.ts'
import { checkOf } from './check.ts'
import { connectForge, type ForgeAccess } from './connect.ts'
import type { FactSources } from '#flows/evidence/run-facts.ts'
import type { Logger } from '#platform/log.ts'
import type { Database } from '#platform/postgres/postgres.ts'

export interface WriteBackOptions extends ForgeAccess {
  db: Database
  log: Logger
  publicUrl: string
  source: FactSources['source']
  fetch: typeof fetch
  random(): number
  /** between two looks, ms */
  every: number
}

/**
 * A replica has a forge to itself for so long after each thing that it asked; one that dies is
 * stood in for by then. It tells so many things in a row.
 */
const claimSeconds = 15
const atOnce = 5
/**
 * One answer may take so long, and there is so much time between two questions, in milliseconds.
 */
const patienceMs = 10_000
const gapMs = 100

/**
 * Tells forges what became of their commits. It compares what is with what they were told, so that
 * nothing has to be remembered when a forge is down, nothing is told late that is no longer so, and
 * no delivery waits.
 */
export async function writeBack(options: WriteBackOptions, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      const claimed = await forges.claimForges(options.db, claimSeconds)
      await Promise.all(claimed.map((forge) => tellForge(options, forge, signal)))
    } catch (error) {
      if (!signal.aborted)
        options.log.warn('forges could not be told', { error: (error as Error).message })
    }
    await sleep(options.every, undefined, { signal }).catch(() => undefined)
  }
}

async function tellForge(
  options: WriteBackOptions,
  forge: forges.StoredForge,
  signal: AbortSignal,
): Promise<void> {
  const { db } = options
  let told = 0
  try {
    const patient: typeof fetch = async (input, init) => {
      await db.query(forges.renewClaim(forge.app, claimSeconds))
      return options.fetch(input, {
        ...init,
        signal: AbortSignal.any([signal, AbortSignal.timeout(patienceMs)]),
      })
    }
    const client = await connectForge(options, forge, patient)
    for (const one of await forges.listPendingReports(db, forge.app, atOnce)) {
      if (signal.aborted) return
      await db.query(forges.renewClaim(forge.app, claimSeconds))
      await tell(options, client, one)
      told += 1
      await sleep(gapMs, undefined, { signal }).catch(() => undefined)
    }
    await db.query(forges.releaseForge(forge.app, told > 0))
  } catch (error) {
    if (signal.aborted)
      return void (await db.query(forges.releaseForge(forge.app, false)).catch(() => undefined))
    const refusal = error instanceof ForgeRefusal ? error : null
    const pause = decidePause(refusal, told > 0 ? 0 : forge.failures, options.random) ?? 1000
    const problem = problemOf(error as Error)
    await db.query(forges.pauseForge(forge.app, pause, problem))
    if (forge.failures === 0)
      options.log.warn('a forge cannot be told', { app: forge.app, error: problem })
  }
}

/** Throws when the forge as a whole is to be left alone for a while. */
async function tell(
  options: WriteBackOptions,
  client: ForgeClient,
  one: PendingReport,
): Promise<void> {
  const what = decideReport(one, options.publicUrl, client.writeDeployment !== undefined)
  let remote: string | null = null
  let problem: string | null = null
  try {
    if (what.kind === 'status' && client.writeCheck)
      await client.writeCheck(await checkOf(options, one.run, what.status))
    else if (what.kind === 'status') await client.writeStatus(what.status)
    if (what.kind === 'deployment')
      remote = (await client.writeDeployment?.(what.deployment, one.remote)) || null
  } catch (error) {
    if (!(error instanceof ForgeRefusal) || decidePause(error, 0, options.random) !== null)
      throw error
    problem = problemOf(error)
  }
  await options.db.query(forges.keepReport(one, { remote, problem }))
}

/** The cause, which `fetch` hides behind "fetch failed". */
function problemOf(error: Error): string {
  if (error instanceof ForgeRefusal) return error.message
  const cause = (error.cause as Error | undefined)?.message
  return `it cannot be reached: ${cause ?? error.message}`.slice(0, 300)
}
