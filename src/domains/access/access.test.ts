import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { sessionCookie } from '#contract/access/access.ts'
import { sql } from '#platform/postgres/sql.ts'
import { testDatabase, type TestDatabase } from '../../../test/support/postgres.ts'
import { readEvents } from '#engine/events.ts'
import { createLogger } from '#platform/log.ts'
import { createAccess } from './access.ts'
import { createRefusals } from './refusals.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await testDatabase()
})
afterAll(() => database.close())

test('a session that is used every day ends after thirty days', async () => {
  // The clock advances with each call, so that no caller is cached.
  let now = Date.now()
  const access = createAccess({
    db: database.db,
    log: createLogger(() => undefined),
    now: () => (now += 5000),
    random: randomBytes,
    publicUrl: 'http://x',
    provider: null,
  })
  const { url } = await access.links.create({ name: 'Ada', role: 'viewer' }, 'fairlead')
  const { secret, key } = await access.signIn.byLink(new URL(url).searchParams.get('code') ?? '', {
    address: '::1',
  })
  const cookie = `${sessionCookie}=${secret}`
  const ask = () => access.authenticate({ cookie, sessionKey: key, address: '::1' })
  const age = (days: number): Promise<unknown> =>
    database.db.query(
      sql`update session set created = now() - make_interval(days => ${days}),
        expires = now() + interval '1 day'`,
    )
  await age(29)
  expect(await ask()).toMatchObject({
    name: 'Ada',
    role: 'viewer',
    apps: {},
    by: { credential: 'session', address: '::1' },
  })
  await age(31)
  expect(await ask()).toBeNull()
})

test('a session needs both of its halves', async () => {
  const access = createAccess({
    db: database.db,
    log: createLogger(() => undefined),
    now: Date.now,
    random: randomBytes,
    publicUrl: 'http://x',
    provider: null,
  })
  const signIn = async () => {
    const { url } = await access.links.create({ name: 'Ada', role: 'viewer' }, 'fairlead')
    return access.signIn.byLink(new URL(url).searchParams.get('code') ?? '', { address: '::1' })
  }
  const [one, other] = [await signIn(), await signIn()]
  const ask = (secret: string | undefined, sessionKey: string | undefined) =>
    access.authenticate({
      cookie: secret && `${sessionCookie}=${secret}`,
      sessionKey,
      address: '::1',
    })
  expect(await ask(one.secret, one.key)).toMatchObject({ name: 'Ada' })
  // A valid caller is cached, but only for both halves.
  for (const [secret, key] of [
    [one.secret, undefined],
    [one.secret, ''],
    [one.secret, one.secret],
    [one.secret, other.key],
    [undefined, one.key],
    [one.key, one.secret],
  ])
    expect(await ask(secret, key)).toBeNull()
})

test('another server over the same database applies a change after half a second', async () => {
  let now = Date.now()
  const server = () =>
    createAccess({
      db: database.db,
      log: createLogger(() => undefined),
      now: () => now,
      random: randomBytes,
      publicUrl: 'http://x',
      provider: null,
    })
  const [one, other] = [server(), server()]
  const { url } = await one.links.create({ name: 'Bob', role: 'operator' }, 'fairlead')
  const { secret, key } = await one.signIn.byLink(new URL(url).searchParams.get('code') ?? '', {
    address: '::1',
  })
  const cookie = `${sessionCookie}=${secret}`
  const ask = () => other.authenticate({ cookie, sessionKey: key, address: '::1' })
  expect(await ask()).toMatchObject({ role: 'operator' })
  await one.users.change('Bob', { role: 'viewer' }, 'fairlead')
  expect(await ask()).toMatchObject({ role: 'operator' })
  now += 501
  expect(await ask()).toMatchObject({ role: 'viewer' })
  await one.users.change('Bob', { disabled: true }, 'fairlead')
  now += 501
  expect(await ask()).toBeNull()
})

test('records the first refusal immediately, its repetitions as one event, and limits kinds', async () => {
  const { db } = database
  const refusals = createRefusals({ db, log: createLogger(() => undefined) })
  const type = 'dev.cdeventsx.fairlead-request.refused' as const
  const refuse = (who: string) =>
    refusals.record({
      type,
      subject: `user/${who}`,
      chain: `user/${who}`,
      actor: who,
      data: { what: 'x' },
    })
  const counts = async () =>
    (await readEvents(db, { type, after: 0, limit: 500 })).map(({ actor, data }) => [
      actor,
      data['count'],
    ])
  for (let i = 0; i < 50; i += 1) await refuse('Eve')
  expect(await counts()).toEqual([['Eve', 1]])
  await refusals.flush()
  expect(await counts()).toEqual([
    ['Eve', 1],
    ['Eve', 49],
  ])
  await refusals.flush()
  for (let i = 0; i < 1000; i += 1) await refuse(`Eve ${i}`)
  expect(await counts()).toHaveLength(2 + 20)
  await refusals.flush()
  expect((await counts()).slice(22)).toEqual([['fairlead', 980]])
})
