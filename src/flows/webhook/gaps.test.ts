import { expect, test } from 'vitest'
import { insertGap } from '#domains/forge/webhook-store.ts'
import { readEvents } from '#engine/events.ts'
import { systemClock, systemSleep } from '#platform/clock.ts'
import { sql } from '#platform/postgres/sql.ts'
import { testDatabase } from '../../../test/support/postgres.ts'
import { webhookGaps } from './gaps.ts'

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined }

test('reports a change that no delivery announced once, after the time for late ones', async () => {
  const { db, close } = await testDatabase()
  try {
    await db.batch([
      sql`insert into app (name, repository, branch) values ('shop', '{"kind": "hosted"}', 'main')`,
      sql`insert into webhook (app, secret) values ('shop', 'sealed')`,
      insertGap('shop', 'a'.repeat(40), null),
      insertGap('shop', 'b'.repeat(40), null),
    ])
    // Polling found the second change 90 s ago, 20 s after the check before.
    await db.query(sql`
      update webhook_gap
      set found = now() - interval '90 seconds', looked = now() - interval '110 seconds'
      where sha = ${'b'.repeat(40)}`)
    const stop = new AbortController()
    const job = webhookGaps({ db, log: quiet, interval: 10 })
    const runtime = { db, log: quiet, clock: systemClock, random: Math.random, sleep: systemSleep }
    const running = job.run({ ...runtime, replica: 'test' }, stop.signal)
    const missed = () =>
      readEvents(db, { type: 'dev.cdeventsx.fairlead-webhook.missed', after: 0, limit: 10 })
    await expect.poll(missed).toHaveLength(1)
    const ended = () => db.query<{ ended: string }>(sql`select ended from background_job`)
    const before = await ended()
    await expect.poll(ended).not.toEqual(before)
    stop.abort()
    await running
    expect((await missed()).map(({ subject, data }) => ({ subject, data }))).toEqual([
      { subject: `change/${'b'.repeat(40)}`, data: { lateAtMostSeconds: 20 } },
    ])
  } finally {
    await close()
  }
})
