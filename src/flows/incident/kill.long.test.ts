import { afterAll, beforeAll, expect, test } from 'vitest'
import { appendEvent } from '#engine/events.ts'
import { createEngine } from '#engine/engine.ts'
import { reconcileAlerts } from '#flows/monitoring/alerts.ts'
import { systemClock } from '#platform/clock.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { sql } from '#platform/postgres/sql.ts'
import { storeLiveRelease } from '../../../test/support/live-release.ts'
import { testDatabase } from '../../../test/support/postgres.ts'
import { mitigateIncidents } from './mitigate.ts'
import { reconcileIncidents } from './reconcile.ts'

let db: Database
let close: () => Promise<void>
const now = Date.now

beforeAll(async () => {
  ;({ db, close } = await testDatabase())
  await storeLiveRelease(db, 'production', {
    services: { web: 'x' },
    switches: { mails: { default: true } },
    incidents: { automatic: true },
  })
  await db.batch([
    sql`update deployment set live = now() - interval '3 hours'`,
    sql`insert into channel (name, kind, settings, urgency) values ('ops', 'email', '', 'low')`,
  ])
})
afterAll(() => close())

/** A switch was turned on, and a minute later the service fails. */
const breaks = () =>
  db.batch([
    sql`truncate alert, incident, monitor, switch cascade`,
    sql`delete from event where app is not null`,
    appendEvent({
      type: 'dev.cdeventsx.fairlead-switch.changed',
      ...{ subject: 'switch/shop/production/mails', chain: 'app/shop', app: 'shop', actor: 'Ada' },
      data: {
        ...{ environment: 'production', name: 'mails', setting: null, to: 'on', version: 1 },
        reason: '',
      },
    }),
    sql`update event set time = time - interval '1 minute'`,
    sql`insert into monitor (app, environment, service, kind, name, state, firing, reason)
      values ('shop', 'production', 'web', 'errors', 'errors', 'down', true, '9 % fail')`,
  ])

/** Everything that a server does from what fires to the act, once. */
async function runOnce(used: Database): Promise<void> {
  await reconcileAlerts({
    ...{ db: used, now, onNotification: () => undefined },
    findSuspects: async () => [],
    readMachine: async () => [],
  })
  await reconcileIncidents({ db: used, now })
  const errors: string[] = []
  await mitigateIncidents({
    ...{ db: used, now, log: { error: (text: string) => void errors.push(text) } },
    engine: createEngine({
      ...{ db: used, clock: systemClock, random: Math.random, replica: 'test' },
      definitions: [],
      log: { info: () => undefined, warn: () => undefined, error: () => undefined },
    }),
  })
  if (errors.length > 0) throw new Error(errors[0])
}

/** A database that works until a call; that call is sent or not, and every later one fails. */
function dyingAt(call: number, isSent: boolean): { db: Database; calls: () => number } {
  let count = 0
  const guard = async <T>(work: () => Promise<T>): Promise<T> => {
    count += 1
    if (count < call) return work()
    if (count === call && isSent) await work()
    throw new Error('killed')
  }
  const dying: Database = {
    ...db,
    query: <R extends object>(statement: Parameters<Database['query']>[0]) =>
      guard(() => db.query<R>(statement)),
    batch: (statements) => guard(() => db.batch(statements)),
  }
  return { db: dying, calls: () => count }
}

const count = async (what: ReturnType<typeof sql>): Promise<number> =>
  (await db.query<{ count: number }>(sql`select count(*)::int as count from ${what}`))[0]?.count ??
  -1

test('a server killed at any call: one incident, one act, and one message about it', async () => {
  await breaks()
  const whole = dyingAt(Infinity, false)
  await runOnce(whole.db)
  const calls = whole.calls()
  expect(calls).toBeGreaterThan(20)
  for (let call = 1; call <= calls; call += 1)
    for (const isSent of [false, true]) {
      await breaks()
      await runOnce(dyingAt(call, isSent).db).catch(() => undefined)
      for (let i = 0; i < 3; i += 1) await runOnce(db)
      const at = `call ${call}, ${isSent ? 'sent' : 'not sent'}`
      expect(await count(sql`incident`), at).toBe(1)
      expect(await count(sql`incident_guess where problem is null`), at).toBe(1)
      expect(await count(sql`event where type like '%incident.acted'`), at).toBe(1)
      expect(await count(sql`event where type like '%incident.mitigated'`), at).toBe(1)
      expect(
        await count(sql`event where type like '%switch.changed' and data->>'to' = 'off'`),
        at,
      ).toBe(1)
      expect(await count(sql`notification where kind = 'acted'`), at).toBe(1)
    }
})
