import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { appendEvent } from '#engine/events.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { sql } from '#platform/postgres/sql.ts'
import { testDatabase } from '../../../test/support/postgres.ts'
import { monitoredHarm } from './monitored-harm.ts'

let db: Database
let close: () => Promise<void>
beforeAll(async () => ({ db, close } = await testDatabase()))
afterAll(() => close())
beforeEach(() => db.query(sql`truncate monitor restart identity`))

const live = Date.now() + 60_000
const release = { app: 'shop', environment: 'production', live, now: live + 90_000 }
const iso = (seconds: number) => new Date(live + seconds * 1000).toISOString()
const insert = (name: string, state: string, check: unknown) =>
  db.query(sql`insert into monitor (app, environment, kind, name, state, firing, reason,
      settings, proven, onset_from, onset_until)
    values ('shop', 'production', 'http', ${name}, ${state}, ${state !== 'up'}, 'it answers 500',
      ${{ check }}::jsonb, ${iso(-3600)}::timestamptz, ${iso(-20)}::timestamptz,
      ${iso(5)}::timestamptz)`)

test('finds harm that began with the release, once it is certain', async () => {
  await insert('home', 'up', '/')
  await insert('partner', 'down', { url: 'https://partner.example.com/' })
  // A host that is cut off says nothing about the release.
  await insert('away', 'unknown', '/away')
  expect(await monitoredHarm(db, release)).toBeNull()
  await insert('checkout', 'down', { url: '/checkout' })
  const reason = 'the monitor checkout found harm: it answers 500'
  expect(await monitoredHarm(db, release)).toEqual({ reason, isSettled: true })
  const early = { ...release, now: live + 10_000 }
  expect(await monitoredHarm(db, early)).toEqual({ reason, isSettled: false })
  expect(await monitoredHarm(db, { ...release, live: live + 20_000 })).toBeNull()
  // The disk became full at the same time.
  await db.query(sql`insert into monitor (kind, name, state, firing, reason, since)
    values ('disk', 'disk', 'down', true, 'it is full', ${iso(10)}::timestamptz)`)
  expect(await monitoredHarm(db, release)).toBeNull()
})

test('a monitor that goes down by itself proves nothing', async () => {
  await insert('checkout', 'down', '/checkout')
  const goDown = () =>
    db.query(
      appendEvent({
        ...{ type: 'dev.cdeventsx.fairlead-monitor.changed', subject: 'monitor/1' },
        ...{ chain: 'app/shop', app: 'shop' },
        data: {
          ...{ environment: 'production', service: null, kind: 'http', name: 'checkout' },
          ...{ state: 'down', reason: 'it answers 500' },
        },
      }),
    )
  await goDown()
  expect(await monitoredHarm(db, release)).not.toBeNull()
  await goDown()
  expect(await monitoredHarm(db, release)).toBeNull()
})
