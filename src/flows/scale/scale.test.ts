import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { nothing } from '#contract/access/grants.ts'
import { FairleadError } from '#contract/errors.ts'
import type { Caller } from '#contract/handler.ts'
import type { HostScale } from '#contract/host/scale.ts'
import { readEvents } from '#engine/events.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { sql } from '#platform/postgres/sql.ts'
import { storeLiveRelease } from '../../../test/support/live-release.ts'
import { testDatabase } from '../../../test/support/postgres.ts'
import { scaleHandlers } from './handlers.ts'
import { syncScale } from './sync.ts'
import { onlyHost } from '../../../test/support/host.ts'

const place = { app: 'shop', environment: 'production' }
let db: Database
let close: () => Promise<void>
let isAway = false
let served: HostScale['scales'] = []
const host = {
  setScale: async ({ scales }: HostScale): Promise<void> => {
    if (isAway) throw new FairleadError('unavailable', { what: 'The host' })
    served = scales
  },
}
const ada: Caller = {
  ...{ ...nothing, role: 'operator', name: 'Ada', email: null, user: 1, session: null },
  ...{ isLimited: false, by: { credential: 'session', address: null } },
}
const { signal } = new AbortController()
const handlers = () => scaleHandlers({ db, hosts: onlyHost(host) })
const at = (service: string) => ({ params: { ...place, service }, query: {} })
const set = (instances: number, service = 'web', reason = 'incident 7') =>
  handlers().setScale({ ...at(service), body: { instances, reason } }, ada, signal)
const back = () => handlers().endScale({ ...at('web'), body: {} }, ada, signal)
const events = async () =>
  (await readEvents(db, { app: 'shop', limit: 50 })).flatMap(({ type, actor, data }) => {
    const { from, to } = data as { from: number; to: number }
    return type.includes('-scale.') ? [[type.split('.').at(-1), actor, from, to]] : []
  })

beforeAll(async () => {
  ;({ db, close } = await testDatabase())
  await storeLiveRelease(db, 'production', {
    services: {
      web: { run: 'x', instances: 2 },
      store: { run: 'x', keeps: true },
      clock: { run: 'x', single: true },
    },
  })
})
afterAll(() => close())
beforeEach(async () => {
  isAway = false
  await db.batch([sql`delete from scale`, sql`delete from event`])
  await syncScale({ db, hosts: onlyHost(host) })
})

test('a number is set and set back, the host gets it, and the log has it once', async () => {
  expect(await set(4)).toMatchObject({
    isServed: true,
    scale: { service: 'web', declared: 2, instances: 4, set: { actor: 'Ada' }, refusal: null },
  })
  const web = { ...place, service: 'web', declared: 2 }
  expect(served).toEqual([{ ...web, instances: 4 }])
  await set(4)
  isAway = true
  expect(await set(3)).toMatchObject({ isServed: false, scale: { instances: 3 } })
  isAway = false
  await syncScale({ db, hosts: onlyHost(host) })
  expect(served).toEqual([{ ...web, instances: 3 }])
  expect(await back()).toMatchObject({ scale: { instances: 2, set: null } })
  await back()
  await set(5)
  expect(await set(2)).toMatchObject({ scale: { set: null } })
  expect(served).toEqual([])
  expect((await events()).toReversed()).toEqual([
    ...[
      ['changed', 'Ada', 2, 4],
      ['changed', 'Ada', 4, 3],
      ['ended', 'Ada', 3, 2],
    ],
    ...[
      ['changed', 'Ada', 2, 5],
      ['ended', 'Ada', 5, 2],
    ],
  ])
})

test('a service that never runs twice, and one that is not there, are refused', async () => {
  await expect(set(2, 'store')).rejects.toThrow(
    'store keeps data of its own, so it has one instance',
  )
  await expect(set(2, 'clock')).rejects.toThrow('clock is single, so it has one instance')
  await expect(set(2, 'mail')).rejects.toMatchObject({ code: 'not_found' })
  expect(await events()).toEqual([])
})

test('a live release ends it once, if its number is another one', async () => {
  await set(4)
  await syncScale({ db, hosts: onlyHost(host) })
  expect(served).toMatchObject([{ instances: 4 }])
  await db.query(sql`update release set
    definition = jsonb_set(definition::jsonb, '{services,web,instances}', '3')::json`)
  // Until the next run, the new number counts already.
  expect(
    (await handlers().getScale({ params: place, query: {}, body: {} }, ada, signal)).scales[0],
  ).toMatchObject({ instances: 3, set: null })
  await Promise.all([
    syncScale({ db, hosts: onlyHost(host) }),
    syncScale({ db, hosts: onlyHost(host) }),
  ])
  await syncScale({ db, hosts: onlyHost(host) })
  expect(served).toEqual([])
  expect((await events())[0]).toEqual(['ended', 'fairlead', 4, 3])
  expect(await events()).toHaveLength(2)
})
