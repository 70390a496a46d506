import { createHash } from 'node:crypto'
import { FairleadError } from '#contract/errors.ts'
import type { HostSwitchChange, HostSwitches, HostSwitchReport } from '#contract/host/switches.ts'
import { settingText } from '#contract/switch/text.ts'
import {
  isGoingOn,
  listRollouts,
  setRolloutCounts,
  type StoredRollout,
} from '#domains/switch/rollout-store.ts'
import { getStoredSwitch, listStored, setSwitch, type StoredSwitch } from '#domains/switch/store.ts'
import { appendEvent } from '#engine/events.ts'
import { type EveryHost, withEveryHost } from '#flows/host/every-host.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import type { HostClient } from '#platform/process/host-client.ts'
import { advanceRollouts, isSame } from './rollout.ts'
import { type DuePull, duePulls, existingApps } from '#views/pulls.ts'

type SwitchHost = Pick<HostClient, 'switches' | 'setSwitches'>

export interface SyncSwitchesParts {
  db: Database
  hosts: EveryHost<SwitchHost>
  /** milliseconds since 1970 */
  now?(): number
}

/** Turns off what monitors pull, and makes the host serve how all switches are set. */
export async function syncSwitches(parts: SyncSwitchesParts): Promise<void> {
  const { db } = parts
  await takeChanges(parts)
  const pulled = new Set<string>()
  for (const due of await duePulls(db)) {
    // Its version has changed; the next run takes the next harm.
    const key = `${due.app}/${due.environment}/${due.name}`
    if (!pulled.has(key)) await pull(db, due)
    pulled.add(key)
  }
  await advanceRollouts(db, parts.now?.() ?? Date.now())
  await serveSwitches(parts)
}

/**
 * Returns whether every host serves how all switches are set. A host that does not answer gets the
 * settings from a later run, and serves the last ones until then.
 */
export async function serveSwitches({ db, hosts }: SyncSwitchesParts): Promise<boolean> {
  let isServed = true
  await withEveryHost(hosts, async ({ host }) => {
    if (!(await serveOn(db, host))) isServed = false
  })
  return isServed
}

async function serveOn(db: Database, host: SwitchHost): Promise<boolean> {
  const report = await reportOf(host)
  if (report === null) return false
  const stored = await listStored(db)
  const wanted = wantedSwitches(stored, (await listRollouts(db)).filter(isGoingOn))
  const causes = new Set(stored.flatMap((one) => one.causes))
  const apps = await appsOf(db, report)
  const taken = report.changes.flatMap(({ id, app }) =>
    causes.has(causeOf(id)) || !apps.has(app) ? [id] : [],
  )
  if (report.version !== wanted.version || taken.length > 0)
    await host.setSwitches({ ...wanted, taken })
  return true
}

/** Stores the changes that hosts took while no server answered. */
export const takeChanges = ({ db, hosts }: SyncSwitchesParts): Promise<void> =>
  withEveryHost(hosts, ({ name, host }) => takeFrom(db, name, host))

async function takeFrom(db: Database, name: string, host: SwitchHost): Promise<void> {
  const report = await reportOf(host)
  if (report === null) return
  for (const { id, tallies } of report.rollouts) await db.query(setRolloutCounts(id, name, tallies))
  const apps = await appsOf(db, report)
  for (const change of report.changes) {
    if (!apps.has(change.app) || (await isStored(db, change))) continue
    try {
      await take(db, change)
    } catch (error) {
      // Another server may have stored it meanwhile.
      if (!(await isStored(db, change))) throw error
    }
  }
}

const appsOf = async (db: Database, { changes }: HostSwitchReport): Promise<Set<string>> =>
  changes.length === 0 ? new Set() : existingApps(db, [...new Set(changes.map(({ app }) => app))])

async function isStored(db: Database, change: HostSwitchChange): Promise<boolean> {
  const stored = await getStoredSwitch(db, change)
  return stored?.causes.includes(causeOf(change.id)) ?? false
}

async function take(db: Database, change: HostSwitchChange): Promise<void> {
  const { app, environment, name, setting } = change
  const before = (await getStoredSwitch(db, change))?.version ?? 0
  const reason = ['on the machine of the host', change.reason].filter(Boolean).join(': ')
  await db.batch([
    setSwitch({
      ...{ app, environment, name, before, setting, reason, cause: causeOf(change.id) },
      ...{ actor: 'fairlead', pulledBy: null },
    }),
    appendEvent({
      type: 'dev.cdeventsx.fairlead-switch.changed',
      ...{ subject: `switch/${app}/${environment}/${name}`, chain: `app/${app}`, app },
      data: {
        ...{ environment, name, setting, to: settingText(setting), reason },
        version: before + 1,
      },
    }),
  ])
}

const causeOf = (change: string): string => `host/${change}`

/** Null when the host does not answer. */
async function reportOf(host: SwitchHost): Promise<HostSwitchReport | null> {
  try {
    return await host.switches()
  } catch (error) {
    if (error instanceof FairleadError && error.code === 'unavailable') return null
    throw error
  }
}

function wantedSwitches(
  stored: StoredSwitch[],
  rollouts: StoredRollout[],
): Omit<HostSwitches, 'taken'> {
  const settings = stored.flatMap(({ app, environment, name, setting, version: own }) => {
    if (setting === null) return []
    const found = rollouts.find((one) => isSame(one, { app, environment, name }))
    const isOwn = found?.version === own
    const rollout = isOwn ? { rollout: { id: found.id, key: found.key } } : {}
    return [{ app, environment, name, setting, ...rollout }]
  })
  const version = createHash('sha256').update(JSON.stringify(settings)).digest('hex').slice(0, 16)
  return { version, settings }
}

async function pull(db: Database, due: DuePull): Promise<void> {
  const { app, environment, name, monitor, harm, reason, entities, version } = due
  await db.batch([
    setSwitch({
      ...{ app, environment, name, reason, before: version, actor: 'fairlead' },
      setting: { serve: { variant: 'off' }, split: [], keys: {} },
      ...{ pulledBy: monitor, cause: harm },
    }),
    appendEvent({
      type: 'dev.cdeventsx.fairlead-switch.pulled',
      ...{ subject: `switch/${app}/${environment}/${name}`, chain: `app/${app}`, app },
      data: { environment, name, monitor, version: version + 1, reason, entities },
    }),
  ])
}
