import { FairleadError } from '#contract/errors.ts'
import type { Caller, SomeHandlers } from '#contract/handler.ts'
import type { Host } from '#contract/host/host.ts'
import { effectOfDrain, type HostedPlace } from '#domains/deployment/several-hosts.ts'
import { drain, listHosts, undrain } from '#domains/host/store.ts'
import { appendEvent } from '#engine/events.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { liveHosts } from '#views/deployment.ts'
import type { Hosts } from './hosts.ts'

export type DrainEndpoints = 'drainHost' | 'undrainHost'

const mostTries = 5

/** Takes a host out of the environments with several hosts, and back. */
export function drainHandlers(
  db: Database,
  hosts: Hosts,
  show: (name: string) => Promise<Host>,
): SomeHandlers<DrainEndpoints> {
  return {
    drainHost: async ({ params: { host }, body }, caller) => {
      for (let tries = 1; ; tries += 1) {
        const known = await show(host)
        if (known.drained !== null) return known
        const seen = await listDrained(db)
        try {
          await drainOne(db, hosts, { host, seen, caller, ...body })
        } catch (error) {
          const isOvertaken = (await listDrained(db)).join(' ') !== seen.join(' ')
          if (!isOvertaken || tries === mostTries) throw error
        }
      }
    },
    undrainHost: async ({ params: { host } }, caller) => {
      const known = await show(host)
      if (known.drained === null) return known
      await db.batch([
        undrain(host),
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

const listDrained = async (db: Database): Promise<string[]> =>
  (await listHosts(db)).flatMap(({ name, drained }) => (drained === null ? [] : [name]))

interface Drained {
  host: string
  /** the hosts that are drained already */
  seen: string[]
  caller: Caller
  force: boolean
  reason: string
}

async function drainOne(
  db: Database,
  hosts: Hosts,
  { host, seen, caller, force, reason }: Drained,
): Promise<void> {
  const isServing = (name: string): boolean =>
    !seen.includes(name) && hosts.remote(name).awayMs() === null
  const { leaves, unserved, stays } = effectOfDrain(host, await liveHosts(db), isServing)
  const [alone] = stays
  if (alone)
    throw new FairleadError('not_now', {
      why: `${wordsOf(alone)} is on the host ${host} only; give it another target first`,
    })
  const [left] = unserved
  if (left && !force)
    throw new FairleadError('not_now', {
      why: `No other host would serve ${wordsOf(left)}; undrain or connect one, or force it`,
    })
  const environments = leaves.map(({ app, environment }) => ({ app, environment }))
  await db.batch([
    ...drain(host, seen),
    appendEvent({
      type: 'dev.cdeventsx.fairlead-host.drained',
      ...{ subject: `host/${host}`, chain: `host/${host}`, actor: caller },
      data: { environments, reason, isForced: unserved.length > 0 },
    }),
  ])
}

const wordsOf = ({ app, environment }: HostedPlace): string => `${environment} of ${app}`
