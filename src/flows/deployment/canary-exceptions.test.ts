import { expect, test } from 'vitest'
import { recordErrors } from '#domains/error/write.ts'
import { ignoreError } from '#domains/error/store.ts'
import { systemClock } from '#platform/clock.ts'
import { sql } from '#platform/postgres/sql.ts'
import { testDatabase } from '../../../test/support/postgres.ts'
import { exceptionReader } from './canary-exceptions.ts'

test('what both releases of a canary throw is read once, and an ignored error never', async () => {
  const { db, close } = await testDatabase()
  try {
    const since = new Date(Date.now() - 60_000).toISOString()
    const record = (release: number, fingerprint: string, time = Date.now()) => {
      const exceptions = [{ type: 'TypeError', message: `x of ${fingerprint}`, frames: [] }]
      const details = { exceptions, breadcrumbs: [], request: null, tags: {}, isHandled: null }
      return db.batch(
        recordErrors([
          {
            ...{ app: 'shop', environment: 'production', service: 'web', release, fingerprint },
            ...{ source: 'output', language: 'node', time, person: null, details },
          },
        ]),
      )
    }
    await record(1, 'old', Date.now() - 120_000)
    const plan = { app: 'shop', environment: 'production', release: 2 }
    const read = exceptionReader({ db, clock: systemClock }, plan, { release: 1 }, since)
    expect(await read()).toBeNull()
    await record(1, 'old')
    await record(2, 'new')
    await record(2, 'new')
    // A fresh start of the baseline.
    await record(-1, 'new')
    await record(3, 'of another release')
    const { errors } = (await read())!
    expect(
      errors.map(({ title, isNew, baseline, canary }) => [title, isNew, baseline, canary]),
    ).toEqual([
      ['TypeError: x of old', false, 1, 0],
      ['TypeError: x of new', true, 1, 2],
    ])
    expect(await read()).toBeNull()
    await db.query(ignoreError(errors[1]!.error))
    await record(2, 'new')
    expect(await read()).toBeNull()
    expect(await db.query(sql`select id from error`)).toHaveLength(3)
  } finally {
    await close()
  }
})
