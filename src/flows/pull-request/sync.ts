import type { ForgeClient } from '#domains/forge/client.ts'
import { ForgeRefusal } from '#domains/forge/request.ts'
import * as forges from '#domains/forge/store.ts'
import * as pulls from '#domains/pull-request/store.ts'
import type { StoredApp } from '#domains/source/store.ts'
import { connectForge, type ForgeAccess } from '#flows/forge/connect.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { recordOpen, recordReported } from './record.ts'

export interface ForgeSync extends ForgeAccess {
  db: Database
  fetch: typeof fetch
}

/** Milliseconds that a forge has to answer. */
const timeoutMs = 10_000

/** What a sync with the forge of an app found. */
export interface ForgeSyncResult {
  /** why the open pull requests are not known; null when they are */
  problem: string | null
  /** the app has a connected forge; without one, the stored announcements of webhooks count */
  isConnected: boolean
  /** milliseconds to wait before the next request */
  pauseMs: number
}

/** Stores which pull requests of an app are open at its forge. */
export async function syncWithForge(
  sync: ForgeSync,
  app: StoredApp,
  signal: AbortSignal,
): Promise<ForgeSyncResult> {
  const forge = await forges.getForge(sync.db, app.name)
  if (!forge) return { problem: null, isConnected: false, pauseMs: 0 }
  try {
    const client = await connectForge(sync, forge, (input, init) =>
      sync.fetch(input, {
        ...init,
        signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
      }),
    )
    await recordAll(sync.db, app, client)
    return { problem: null, isConnected: true, pauseMs: 0 }
  } catch (error) {
    signal.throwIfAborted()
    const refusal = error instanceof ForgeRefusal ? error : null
    return {
      problem: `the Git provider: ${problemOf(error as Error)}`.slice(0, 400),
      isConnected: true,
      pauseMs: refusal?.pauseMs ?? 0,
    }
  }
}

async function recordAll(db: Database, app: StoredApp, client: ForgeClient): Promise<void> {
  const listed = await client.listPullRequests(app.branch)
  for (const pull of listed) await recordOpen(db, app.name, pull)
  for (const { number } of await pulls.listOpen(db, app.name)) {
    if (listed.some((pull) => pull.number === number)) continue
    // The list may be incomplete: only the forge's answer for this number closes it.
    await recordReported(db, app, number, await client.getPullRequest(number))
  }
}

/** `fetch` hides the cause behind "fetch failed". */
function problemOf(error: Error): string {
  if (error instanceof ForgeRefusal) return error.message
  const cause = (error.cause as Error | undefined)?.message
  return `it cannot be reached: ${cause ?? error.message}`
}
