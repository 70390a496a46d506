import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from '#platform/log.ts'
import { localSignature } from './repository.ts'
import type { Source } from './source.ts'
import type { StoredApp } from './store.ts'

export interface PollingOptions {
  source: Source
  log: Logger
  random(): number
  /**
   * milliseconds between two looks at a repository on this machine (cheap), a remote one, and the
   * hosted ones
   */
  every: { path: number; url: number; hosted: number }
  /** a look found a change; `looked` is the look before it, which did not */
  onFound(app: string, sha: string, looked: Date | null): Promise<void>
  /** repositories of one kind looked at at once */
  parallel: number
}

interface Watched {
  due: number
  failures: number
  signature: string | null
  looked: Date | null
  /** it is being looked at */
  busy: boolean
}

/** Longest pause after errors, in milliseconds. */
const longestPause = 600_000

/**
 * The safety net under every check-in: repositories on this machine and remote ones are watched,
 * and the hosted ones are compared with what is stored, so that a push whose storing was lost is
 * only late. A repository that does not answer delays no other. Ends when the signal aborts and
 * nothing is under way any more.
 */
export async function poll(options: PollingOptions, signal: AbortSignal): Promise<void> {
  const watched = new Map<string, Watched>()
  const underWay = new Map<Promise<void>, StoredApp>()
  while (!signal.aborted) {
    try {
      const apps = await options.source.listStored()
      for (const name of watched.keys())
        if (!apps.some((app) => app.name === name)) watched.delete(name)
      // Who waits longest comes first, so that nobody starves behind many.
      const dueOf = (app: StoredApp): number => watched.get(app.name)?.due ?? 0
      for (const app of apps.toSorted((a, b) => dueOf(a) - dueOf(b))) {
        const mine = watched.get(app.name) ?? {
          due: 0,
          failures: 0,
          signature: null,
          looked: null,
          busy: false,
        }
        watched.set(app.name, mine)
        const same = [...underWay.values()].filter(
          (other) => other.repository.kind === app.repository.kind,
        )
        if (mine.busy || mine.due > performance.now() || same.length >= options.parallel) continue
        const look = lookAt(options, mine, app, signal).finally(() => underWay.delete(look))
        underWay.set(look, app)
      }
    } catch (error) {
      if (!signal.aborted)
        options.log.warn('the repositories could not be looked at', {
          error: (error as Error).message,
        })
    }
    await sleep(Math.min(500, options.every.path), undefined, { signal }).catch(() => undefined)
  }
  await Promise.all(underWay.keys())
}

/** Never rejects. */
async function lookAt(
  options: PollingOptions,
  mine: Watched,
  app: StoredApp,
  signal: AbortSignal,
): Promise<void> {
  const pause = options.every[app.repository.kind] * (0.8 + 0.4 * options.random())
  mine.busy = true
  try {
    const signature =
      app.repository.kind === 'path' ? await localSignature(app.repository.path, app.branch) : null
    const isSame = signature !== null && signature === mine.signature && app.problem === null
    const began = new Date()
    const { decision } = isSame
      ? { decision: null }
      : await options.source.sync(app.name, 'fairlead', signal)
    if (decision?.kind === 'new_change') await options.onFound(app.name, decision.sha, mine.looked)
    Object.assign(mine, { due: performance.now() + pause, failures: 0, signature, looked: began })
  } catch (error) {
    mine.failures += 1
    mine.signature = null
    mine.due = performance.now() + Math.min(pause * 2 ** mine.failures, longestPause)
    if (mine.failures === 1 && !signal.aborted)
      options.log.warn('a repository cannot be read', {
        app: app.name,
        error: (error as Error).message,
      })
  } finally {
    mine.busy = false
  }
}
