import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from '#platform/log.ts'
import { localSignature } from './repository.ts'
import type { Source } from './source.ts'
import type { StoredApp } from './store.ts'

export interface PollingOptions {
  source: Source
  log: Logger
  random(): number
  /** milliseconds between two looks at a repository on this machine (cheap), a remote one, and the hosted ones */
  every: { path: number; url: number; hosted: number }
  /** remote repositories looked at at once */
  parallel: number
}

interface Watched {
  due: number
  failures: number
  signature: string | null
}

/**
 * The safety net under every check-in: repositories on this machine and remote ones are watched, and the hosted ones are
 * compared with what is stored, so that a push whose storing was lost is only late. Ends when the signal aborts.
 */
export async function poll(options: PollingOptions, signal: AbortSignal): Promise<void> {
  const watched = new Map<string, Watched>()
  while (!signal.aborted) {
    try {
      const apps = await options.source.listStored()
      for (const name of watched.keys()) if (!apps.some((app) => app.name === name)) watched.delete(name)
      const due = apps.filter((app) => (watched.get(app.name)?.due ?? 0) <= performance.now())
      for (let i = 0; i < due.length; i += options.parallel) {
        await Promise.all(due.slice(i, i + options.parallel).map((app) => look(options, watched, app, signal)))
      }
    } catch (error) {
      if (!signal.aborted)
        options.log.warn('the repositories could not be looked at', { error: (error as Error).message })
    }
    await sleep(Math.min(500, options.every.path), undefined, { signal }).catch(() => undefined)
  }
}

async function look(
  options: PollingOptions,
  watched: Map<string, Watched>,
  app: StoredApp,
  signal: AbortSignal,
): Promise<void> {
  const before = watched.get(app.name) ?? { due: 0, failures: 0, signature: null }
  const pause = options.every[app.repository.kind] * (0.8 + 0.4 * options.random())
  try {
    const signature = app.repository.kind === 'path' ? await localSignature(app.repository.path, app.branch) : null
    const isSame = signature !== null && signature === before.signature && app.problem === null
    if (!isSame) await options.source.sync(app.name, 'fairlead', signal)
    watched.set(app.name, { due: performance.now() + pause, failures: 0, signature })
  } catch (error) {
    if (signal.aborted) return
    const failures = before.failures + 1
    if (failures === 1)
      options.log.warn('a repository cannot be read', { app: app.name, error: (error as Error).message })
    watched.set(app.name, {
      due: performance.now() + Math.min(pause * 2 ** failures, 600_000),
      failures,
      signature: null,
    })
  }
}
