import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Exception } from '#contract/error/error.ts'
import type { Caller } from '#contract/handler.ts'
import type { NewOutput, OutputPlaces } from '#contract/host/output.ts'
import { getDetail, listAlerts } from '#domains/alert/store.ts'
import { deleteOldErrors } from '#domains/error/store.ts'
import { readEvents } from '#engine/events.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { sql } from '#platform/postgres/sql.ts'
import { makeRepository, type Repository } from '../../../test/support/repository.ts'
import { testDatabase } from '../../../test/support/postgres.ts'
import { reconcileAlerts } from '../monitoring/alerts.ts'
import { findSuspects } from '../monitoring/owners.ts'
import { collectOnce } from './collect.ts'
import { findPath } from './frames.ts'
import { errorHandlers } from './handlers.ts'

/** A host with the output of one instance of each release, which the test writes. */
class WrittenOutput {
  readonly lines = new Map<string, string[]>()
  skipped = 0

  write(release: number, text: string, environment = 'production'): void {
    const key = `shop/${environment}/${release}/web/0`
    this.lines.set(key, [...(this.lines.get(key) ?? []), ...text.split('\n')])
  }

  output = async (after: OutputPlaces): Promise<NewOutput> => ({
    keys: [...this.lines.keys()],
    files: [...this.lines].flatMap(([key, all]) => {
      const from = after[key] ?? { file: 1, at: 0, lines: 0 }
      const lines = all.slice(from.at + from.lines)
      const until = { file: 1, at: all.length, lines: 0 }
      const { skipped } = this
      return lines.length === 0 ? [] : [{ key, lines, from, until, skipped, idle: 1000 }]
    }),
  })
}

const trace = (name = 'total', message = 'price is undefined', line = 2): string =>
  `TypeError: ${message}\n    at ${name} (/f/host/unpacked/x/cart.js:${line}:3)`

let db: Database
let close: () => Promise<void>
let repository: Repository
let host: WrittenOutput
let first = ''
let second = ''
beforeAll(async () => {
  ;({ db, close } = await testDatabase())
  repository = await makeRepository({ 'cart.js': 'function total() {\n  return 1\n}\n' })
  first = (await repository.git('rev-parse', 'HEAD')).trim()
  await writeFile(join(repository.folder, 'cart.js'), 'function total() {\n  return price.x\n}\n')
  await repository.git('commit', '-a', '--author', 'Bob <bob@x.test>', '-m', 'Use the price')
  second = (await repository.git('rev-parse', 'HEAD')).trim()
  const author = { name: 'Bob', email: 'bob@x.test' }
  const change = (sha: string) => sql`insert into change (app, sha, branch, subject, author,
    committed, chain) values ('shop', ${sha}, 'main', 's', ${author}::jsonb, now(), 'c-1')`
  const release = (id: number, sha: string) => sql`insert into release (id, app, environment, sha,
      artifact, definition, configuration, run) overriding system value
    values (${id}, 'shop', 'production', ${sha}, 'sha256:0', '{}', 0, 1)`
  const deployment = (id: number, state: string) => sql`insert into deployment (id, app,
      environment, kind, state, release, actor, live, run, workflow) overriding system value
    values (${id}, 'shop', 'production', 'delivery', ${state}, ${id}, 'Bob', now(), 1, 'w')`
  await db.batch([
    sql`insert into app (name, repository, branch) values ('shop', '{"kind": "hosted"}', 'main')`,
    sql`insert into environment (app, name, position) values ('shop', 'production', 0)`,
    sql`insert into artifact (digest, app, run, size) values ('sha256:0', 'shop', 1, 1)`,
    ...[change(first), change(second), release(1, first), release(2, second)],
    ...[deployment(1, 'replaced'), deployment(2, 'live')],
  ])
})
afterAll(async () => {
  await close()
  await repository.remove()
})
beforeEach(async () => {
  await db.query(sql`truncate error, error_key, error_dropped, error_position cascade`)
  host = new WrittenOutput()
})

const caller: Caller = {
  ...{ name: 'Ada', email: null, user: 1, session: null, isLimited: false },
  ...{ role: 'developer', apps: {}, by: { credential: 'session', address: null } },
}
const { signal } = new AbortController()
const handlers = () =>
  errorHandlers({
    ...{ db, publicUrl: 'http://fairlead.test:4400' },
    source: { bareOf: () => join(repository.folder, '.git') },
    getApp: async () => null,
  })
const noMaps = { apply: async (_: string, exceptions: Exception[]) => exceptions }
const collect = (now = Date.now()) =>
  collectOnce({ db, maps: noMaps, now: () => now }, { name: 'local', host })
const list = async (query: { fresh?: boolean; text?: string; before?: number } = {}) =>
  handlers().listErrors({ params: {}, query: { ...query, limit: 50 }, body: {} }, caller, signal)
const errors = async () => (await list()).errors
const input = (error: number) => ({ params: { error }, query: {}, body: {} })
const eventTypes = async () =>
  (await readEvents(db, { limit: 100 })).map(({ type }) => type.replace(/^.*fairlead-/, ''))

describe('errors in output', () => {
  test('are grouped and counted once, and are new in the release that brought them', async () => {
    host.write(1, trace('old'))
    await collect()
    host.write(2, `${trace()}\nserved\n${trace('total', 'price of 7 is undefined', 9)}`)
    host.write(2, trace('old'))
    await collect()
    await collect()
    const found = await errors()
    const byPlace = Object.fromEntries(
      found.map(({ place, count, newIn }) => [place, [count, newIn]]),
    )
    expect(byPlace).toEqual({
      'old in cart.js': [2, []],
      'total in cart.js': [2, ['production']],
    })
    expect(found[0]?.hours.at(-1)).toBe(2)
    expect(found[0]?.hours).toHaveLength(24)
    expect((await list({ fresh: true })).errors.map(({ place }) => place)).toEqual([
      'total in cart.js',
    ])
    expect((await list({ text: 'OLD IN' })).errors).toHaveLength(1)
    expect((await list({ before: found[0]!.id })).errors).toEqual([found[1]])
    expect(await eventTypes()).toContain('error.appeared')
  })

  test('are shown with the lines that ran, who changed them, and suspects', async () => {
    host.write(2, trace())
    await collect()
    const [{ id } = { id: 0 }] = await errors()
    const detail = await handlers().getError(input(id), caller, signal)
    expect(detail.frames[0]).toMatchObject({
      ...{ function: 'total', path: 'cart.js', line: 2 },
      source: { from: 1, lines: ['function total() {', '  return price.x', '}', ''] },
      changedBy: { sha: second, author: 'Bob', subject: 'Use the price' },
    })
    expect(detail.releases).toMatchObject([{ release: 2, sha: second, deployment: 2, count: 1 }])
    expect(detail.suspects.map(({ name }) => name)).toEqual(['Bob'])
    expect(detail.days).toHaveLength(30)
    expect(detail.days.at(-1)).toBe(1)
  })

  test('lose personal data and secrets before they are stored', async () => {
    host.write(2, trace('total', 'no mail to ada@example.com, card 4111111111111111'))
    await collect()
    const [{ id, message } = { id: 0, message: '' }] = await errors()
    expect(message).toBe('no mail to [e-mail], card [card]')
    const { event } = await handlers().getError(input(id), caller, signal)
    expect(event?.details.exceptions[0]?.message).toBe(message)
  })

  test('of a flood are counted, but few are kept; what was not searched is reported', async () => {
    host.skipped = 5_000_000
    host.write(2, Array.from({ length: 500 }, () => trace()).join('\n'))
    for (let i = 0; i < 6; i += 1) {
      await collect()
      host.write(2, Array.from({ length: 10 }, () => trace()).join('\n'))
    }
    const { errors: found, dropped } = await list()
    expect(found).toMatchObject([{ count: 550 }])
    const kept = await db.query<{ n: number }>(sql`select count(*) as n from error_event`)
    expect(kept[0]?.n).toBe(10)
    expect(dropped).toEqual([{ app: 'shop', reason: 'output', count: 30_000 }])
    await db.batch(deleteOldErrors(1000))
    const left = await db.query<{ n: number }>(sql`select count(*) as n from error_event`)
    expect(left[0]?.n).toBeLessThan(5)
    expect(left[0]?.n).toBeGreaterThan(0)
  })
})

describe('alerts of errors', () => {
  const reconcile = () =>
    reconcileAlerts({
      ...{ db, now: () => Date.now(), onNotification: () => undefined },
      findSuspects: (deployment, failing) =>
        findSuspects(
          { db, source: { bareOf: () => join(repository.folder, '.git') } },
          deployment,
          failing,
        ),
      readMachine: async () => [],
    })
  const alerts = () => listAlerts(db, { apps: null, limit: 10 })

  test('a deployment that brings errors has one alert, with the suspect', async () => {
    await db.query(sql`truncate alert cascade`)
    host.write(1, trace('old'))
    await collect(Date.now() - 7_200_000)
    host.write(2, `${trace()}\n${trace('other')}\n${trace('old')}`)
    await collect(Date.now() + 1)
    await reconcile()
    const [alert, ...more] = await alerts()
    expect(more).toEqual([])
    expect(alert).toMatchObject({
      ...{ state: 'open', deployment: 2, urgency: 'high', service: 'web' },
      title: 'New error in web in production of shop: TypeError',
      reason: 'price is undefined in total in cart.js',
    })
    expect(alert?.suspects[0]?.name).toBe('Bob')
    expect(alert?.suspects[0]?.reason).toBe(
      `they changed cart.js:2, where it fails, in ${second.slice(0, 7)} (Use the price)`,
    )
    const { sources } = (await getDetail(db, alert?.id ?? 0))!
    expect(sources).toHaveLength(2)
    for (const { id } of await errors()) await handlers().ignoreError(input(id), caller, signal)
    await reconcile()
    expect(await alerts()).toMatchObject([{ state: 'resolved' }])
  })

  test('a new error that no deployment brought opens one when it was seen ten times', async () => {
    await db.query(sql`truncate alert cascade`)
    const before = Date.now() + 7_200_000
    host.write(2, trace())
    await collect(before)
    await reconcile()
    expect(await alerts()).toEqual([])
    host.write(2, Array.from({ length: 9 }, () => trace()).join('\n'))
    await collect(before)
    await reconcile()
    expect(await alerts()).toMatchObject([{ state: 'open', deployment: null, suspects: [] }])
  })
})

describe('what people do with errors', () => {
  test('a resolved error comes back, at once or in a later release', async () => {
    host.write(1, trace())
    await collect()
    const [{ id } = { id: 0 }] = await errors()
    const resolve = (nextRelease: boolean) =>
      handlers().resolveError({ ...input(id), body: { nextRelease } }, caller, signal)
    expect(await resolve(true)).toMatchObject({ state: 'resolved', resolvedBy: 'Ada' })
    const later = Date.now() + 60_000
    host.write(1, trace())
    await collect(later)
    expect(await errors()).toMatchObject([{ state: 'resolved', count: 2, regressed: null }])
    host.write(2, trace())
    await collect(later)
    expect(await errors()).toMatchObject([{ state: 'open', regressed: expect.any(String) }])
    await resolve(false)
    expect(await errors()).toMatchObject([{ state: 'resolved', regressed: null }])
    host.write(1, trace())
    await collect(later)
    expect(await errors()).toMatchObject([{ state: 'open' }])
    expect((await list({ fresh: true })).errors).toHaveLength(1)
    await handlers().ignoreError(input(id), caller, signal)
    host.write(2, trace())
    await collect(later)
    expect(await errors()).toMatchObject([{ state: 'ignored', count: 5 }])
    await handlers().reopenError(input(id), caller, signal)
    expect(await errors()).toMatchObject([{ state: 'open' }])
    expect(await eventTypes()).toEqual(
      expect.arrayContaining([
        ...['error.regressed', 'error.resolved', 'error.ignored', 'error.reopened'],
      ]),
    )
  })

  test('the key of an app stays the same until it is replaced', async () => {
    const app = { params: { app: 'shop' }, query: {}, body: {} }
    const { dsn } = await handlers().getErrorKey(app, caller, signal)
    expect(dsn).toMatch(/^http:\/\/[0-9a-f]{32}@fairlead\.test:4400\/\d+$/)
    expect((await handlers().getErrorKey(app, caller, signal)).dsn).toBe(dsn)
    expect((await handlers().replaceErrorKey(app, caller, signal)).dsn).not.toBe(dsn)
    expect(await eventTypes()).toContain('errorkey.replaced')
  })
})

test.each([
  ['src/a.js', 'src/a.js'],
  ['/build/shop/src/a.js', 'src/a.js'],
  ['com/acme/Cart.java', 'app/main/com/acme/Cart.java'],
  ['index.js', null],
  ['other.js', null],
])('%s is %s in the repository', (file, path) => {
  const files = ['src/a.js', 'lib/a.js', 'app/main/com/acme/Cart.java', 'a/index.js', 'b/index.js']
  expect(findPath(file, files)).toBe(path)
})
