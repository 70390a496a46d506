import { FairleadError } from '#contract/errors.ts'
import type { SomeHandlers } from '#contract/handler.ts'
import type { Host } from '#contract/host/host.ts'
import { hostsOf } from '#domains/deployment/open-targets.ts'
import { isServedWithout } from '#domains/deployment/several-hosts.ts'
import { setDrained } from '#domains/host/store.ts'
import { appendEvent } from '#engine/events.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { liveTargets } from '#views/deployment.ts'
import type { Hosts } from './hosts.ts'

export type DrainEndpoints = 'drainHost' | 'undrainHost'

/** Takes a host out of the environments with several hosts, and back. */
export function drainHandlers(
  db: Database,
  hosts: Hosts,
  show: (name: string) => Promise<Host>,
): SomeHandlers<DrainEndpoints> {
  return {
    drainHost: async ({ params: { host }, body: { force } }, caller) => {
      await show(host)
      await mustServe(db, hosts, host, force)
      await db.batch([
        setDrained(host, true),
        appendEvent({
          type: 'dev.cdeventsx.fairlead-host.drained',
          ...{ subject: `host/${host}`, chain: `host/${host}`, actor: caller },
          data: { isForced: force },
        }),
      ])
      return show(host)
    },
    undrainHost: async ({ params: { host } }, caller) => {
      await show(host)
      await db.batch([
        setDrained(host, false),
        appendEvent({
          type: 'dev.cdeventsx.fairlead-host.undrained',
          ...{ subject: `host/${host}`, chain: `host/${host}`, actor: caller },
          data: {},
        }),
      ])
      return show(host)
    },
  }
}

/** Refuses to drain the only host of an environment. */
async function mustServe(db: Database, hosts: Hosts, name: string, force: boolean): Promise<void> {
  for (const { app, environment, target } of await liveTargets(db)) {
    const names = hostsOf(target)
    if (!names.includes(name)) continue
    const place = `${environment} of ${app}`
    if (names.length === 1)
      throw new FairleadError('not_now', {
        why: `${place} is on the host ${name} only; give it another target first`,
      })
    const asked = names.map((one) => {
      const remote = hosts.remote(one)
      return { name: one, awayMs: remote.awayMs(), isDrained: remote.isDrained() }
    })
    if (!force && !isServedWithout(name, asked))
      throw new FairleadError('not_now', {
        why: `No other host would serve ${place}; undrain or connect one, or force it`,
      })
  }
}
