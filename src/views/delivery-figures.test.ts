import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Statement } from '#platform/postgres/sql.ts'
import { sql } from '#platform/postgres/sql.ts'
import { storeLiveRelease } from '../../test/support/live-release.ts'
import { testDatabase, type TestDatabase } from '../../test/support/postgres.ts'
import { countedDeployments, deliveryFigures } from './delivery-figures.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await testDatabase()
  await storeLiveRelease(database.db, 'production', {})
})
afterAll(() => database.close())
beforeEach(() => database.db.query(sql`truncate deployment, incident cascade`))

const minutesAgo = (minutes: number | null): Statement =>
  sql`now() - ${minutes}::float8 * interval '1 minute'`

interface Deployed {
  kind?: string
  state?: string
  /** minutes ago; null if it never had all of the traffic */
  live?: number | null
  started?: number
  ended?: number | null
}
const deployment = (id: number, of: Deployed = {}): Statement =>
  sql`insert into deployment (id, app, environment, kind, state, run, release, actor, workflow,
      started, live, ended)
    overriding system value values (${id}, 'shop', 'production', ${of.kind ?? 'delivery'},
      ${of.state ?? 'replaced'}, 1, 1, 'Ada', 'w', ${minutesAgo(of.started ?? 200)},
      ${minutesAgo(of.live === undefined ? 100 : of.live)}, ${minutesAgo(of.ended ?? null)})`

interface Happened {
  deployment?: number | null
  onset?: number | null
  mitigated?: number | null
  over?: number | null
  mergedInto?: number | null
}
/** An incident that was detected 90 minutes ago. */
const incident = (id: number, of: Happened): Statement =>
  sql`insert into incident (id, app, environment, title, reason, opened_by, opener, severity,
      deployment, onset_from, detected, mitigated, over, merged_into)
    overriding system value values (${id}, 'shop', 'production', 'x', 'x', 'alert', 'a', 'minor',
      ${of.deployment ?? null}, ${minutesAgo(of.onset ?? null)}, ${minutesAgo(90)},
      ${minutesAgo(of.mitigated ?? null)}, ${minutesAgo(of.over ?? null)},
      ${of.mergedInto ?? null})`

/** A suspect of an incident that a person confirmed. */
const confirmed = (of: number, ref: number, kind = 'delivery'): Statement =>
  sql`insert into incident_change (incident, place, kind, ref, text, reason, time, confirmed_by)
    values (${of}, 1, ${kind}, ${String(ref)}, 'x', 'x', now(), 'Ada')`

/** A person said what the cause of an incident is; empty for none of the changes. */
const said = (of: number, cause: string): Statement =>
  sql`insert into event (type, version, subject, chain, app, actor, data)
    values ('dev.cdeventsx.fairlead-incident.changed', '1', ${`incident/${of}`}, 'c', 'shop',
      'Ada', ${{ cause }}::jsonb)`

const figures = async (days = 30) => (await deliveryFigures(database.db, ['shop'], days)).now
/** The failed deployments, with the minutes of their recovery. */
async function failures(): Promise<[number, number[], number | null][]> {
  const list = await countedDeployments(database.db, ['shop'], { days: 30, failed: true, limit: 9 })
  return list.map(({ id, incidents, recoveryMs }) => [
    id,
    incidents.map((one) => one.id),
    recoveryMs === null ? null : Math.round(recoveryMs / 60_000),
  ])
}

test('a change that an incident names failed, from the onset until the harm stops', async () => {
  await database.db.batch([
    ...[deployment(1), deployment(2), deployment(3), deployment(4)],
    incident(1, { deployment: 1, onset: 95, mitigated: 70, over: 40 }),
    incident(2, { deployment: 2, over: 80 }),
    incident(3, { deployment: 3, onset: 99 }),
  ])
  // The second one has no onset, so that its detection counts; the third one goes on.
  expect(await failures()).toEqual([
    [3, [3], null],
    [2, [2], 10],
    [1, [1], 25],
  ])
  expect(await figures()).toMatchObject({ deployments: 4, failed: 3, failureRate: 0.75 })
  expect((await figures()).recoveryMs).toBeCloseTo(17.5 * 60_000, -1)
})

test('a rollback and its incidents count once', async () => {
  await database.db.batch([
    deployment(1, { state: 'rolled_back', live: 100, ended: 60 }),
    incident(1, { deployment: 1, onset: 95, mitigated: 65 }),
    incident(2, { deployment: 1, onset: 90, over: 80 }),
    deployment(2, { state: 'rolled_back', started: 100, live: null, ended: 85 }),
    deployment(3),
  ])
  expect(await failures()).toEqual([
    [2, [], 15],
    [1, [1, 2], 30],
  ])
  // A canary that was rolled back got traffic, but not all of it.
  const { deployments, failed, failureRate } = await figures()
  expect([deployments, failed, failureRate]).toEqual([2, 2, expect.closeTo(2 / 3, 9)])
})

test('what a person says of the cause counts more than the explanation', async () => {
  await database.db.batch([
    ...[deployment(1), deployment(2), deployment(3)],
    ...[incident(1, { deployment: 1, over: 80 }), confirmed(1, 2)],
    ...[incident(2, { deployment: 1, over: 80 }), confirmed(2, 7, 'job')],
    ...[incident(3, { deployment: 3, over: 80 }), said(3, 'the delivery of 3'), said(3, '')],
    ...[incident(4, { deployment: 3, over: 80 }), incident(5, { deployment: 1, mergedInto: 4 })],
  ])
  expect((await failures()).map(([id, of]) => [id, of])).toEqual([
    [3, [4]],
    [2, [1]],
  ])
})

test('configurations, rollbacks and other periods are not counted', async () => {
  await database.db.batch([
    ...[deployment(1, { kind: 'configuration' }), deployment(2, { kind: 'rollback' })],
    ...[incident(1, { deployment: 1, over: 80 }), incident(2, { deployment: 2, over: 80 })],
    deployment(3, { live: 60 * 24 * 40 }),
    deployment(4, { live: null, state: 'canary' }),
  ])
  const none = { deployments: 0, leadTimeMs: null, failed: 0, failureRate: null, recoveryMs: null }
  expect(await figures()).toEqual(none)
  expect((await deliveryFigures(database.db, ['shop'], 30)).before).toMatchObject({
    deployments: 1,
  })
})

test('the list goes on below a deployment', async () => {
  await database.db.batch([1, 2, 3].map((id) => deployment(id)))
  const page = (before?: number) =>
    countedDeployments(database.db, ['shop'], { days: 30, limit: 2, before })
  expect((await page()).map(({ id }) => id)).toEqual([3, 2])
  expect((await page(2)).map(({ id }) => id)).toEqual([1])
})
