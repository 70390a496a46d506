import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Caller } from '#contract/handler.ts'
import type { Incident } from '#contract/incident/incident.ts'
import { listUpdates } from '#domains/status-page/update-store.ts'
import { readEvents } from '#engine/events.ts'
import { reconcileAlerts } from '#flows/monitoring/alerts.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { sql } from '#platform/postgres/sql.ts'
import { incidentsToReview } from '#views/review.ts'
import { storeLiveRelease } from '../../../test/support/live-release.ts'
import { testDatabase } from '../../../test/support/postgres.ts'
import { incidentHandlers } from './handlers.ts'
import { reconcileIncidents } from './reconcile.ts'

let db: Database
let close: () => Promise<void>
const now = (): number => Date.now()

beforeAll(async () => {
  ;({ db, close } = await testDatabase())
  await storeLiveRelease(db, 'production', { services: { web: 'x', api: 'y' } })
  // It explains no alert, so that two services have two causes.
  await db.query(sql`update deployment set live = now() - interval '3 hours'`)
})
afterAll(() => close())
beforeEach(() => db.query(sql`truncate monitor, alert, incident cascade`))

const ada: Caller = {
  ...{ name: 'Ada', email: null, user: 1, session: null, isLimited: false },
  ...{ role: 'developer', apps: {}, by: { credential: 'session', address: null } },
}
const handlers = () => incidentHandlers({ db, now, getApp: async (app) => app })
const call = <N extends keyof ReturnType<typeof handlers>>(name: N, input: object, caller = ada) =>
  (handlers()[name] as (...args: unknown[]) => unknown)(
    { params: {}, query: { limit: 50 }, body: {}, ...input },
    caller,
    new AbortController().signal,
  ) as ReturnType<ReturnType<typeof handlers>[N]>
const merge = (kept: number, other: number, caller = ada) =>
  call('mergeIncident', { params: { incident: kept }, body: { other } }, caller)
const read = (incident: number) => call('getIncident', { params: { incident } })

async function runOnce(): Promise<void> {
  await reconcileAlerts({
    ...{ db, now, onNotification: () => undefined },
    findSuspects: async () => [],
    readMachine: async () => [],
  })
  await reconcileIncidents({ db, now })
}
const fire = async (service: string, isFiring = true): Promise<void> => {
  await db.batch([
    sql`update monitor set firing = ${isFiring} where service = ${service}`,
    sql`insert into monitor (app, environment, service, kind, name, state, firing, reason)
      select 'shop', 'production', ${service}, 'errors', ${service}, 'down', true, '9 % fail'
      where not exists (select from monitor where service = ${service})`,
  ])
  await runOnce()
}
/** Two incidents, of the services web and api. */
async function two(): Promise<[number, number]> {
  await fire('web')
  await fire('api')
  const { incidents } = await call('listIncidents', {})
  const of = (service: string): number => incidents.find((one) => one.service === service)?.id ?? 0
  return [of('web'), of('api')]
}
const mergedEvents = async (id: number) =>
  (await readEvents(db, { subject: `incident/${id}`, limit: 50 })).filter(({ type }) =>
    type.endsWith('.merged'),
  )

test('one becomes a part of the other, and its alerts come back there', async () => {
  const [kept, other] = await two()
  await db.batch([
    sql`insert into incident_entity values (${kept}, 'twice', '17', now()),
      (${other}, 'twice', '17', '2026-01-01'), (${other}, 'twice', '23', now())`,
    sql`delete from incident_change`,
    sql`insert into incident_change (incident, place, kind, ref, text, reason, time, confirmed_by)
      values (${kept}, 1, 'delivery', '1', 'd', 'r', '2026-01-01', null),
        (${other}, 1, 'delivery', '1', 'd', 'r', '2026-01-01', 'Eve'),
        (${other}, 2, 'job', '4', 'j', 'r', '2026-01-01', null)`,
  ])
  await call('takeIncident', { params: { incident: other }, body: { role: 'commander' } })
  await call('noteIncident', { params: { incident: other }, body: { text: 'seen by api' } })
  const one = await merge(kept, other)
  expect(one).toMatchObject({
    ...{ state: 'open', service: null, commander: 'Ada', merged: [other], mergedInto: null },
    changes: [
      { place: 1, ref: '1', confirmedBy: 'Eve' },
      { place: 2, ref: '4', confirmedBy: null },
    ],
  })
  expect(one.alerts).toHaveLength(2)
  const part = await read(other)
  expect(part).toMatchObject({ state: 'closed', closedBy: 'Ada', mergedInto: kept, alerts: [] })
  const said = expect.stringMatching(
    `Ada merged the incident ${other} into the incident ${kept}: api in production`,
  )
  for (const { timeline } of [one, part])
    expect(timeline.map(({ text }) => text)).toEqual(expect.arrayContaining([said, 'seen by api']))
  const { entities } = await call('getIncidentImpact', { params: { incident: kept } })
  expect(entities.map(({ entity }) => entity)).toEqual(['17', '23'])
  // A repetition changes nothing.
  await merge(kept, other)
  expect(await mergedEvents(other)).toHaveLength(1)
  expect((await incidentsToReview(db)).map(({ incident }) => incident)).not.toContain(other)
  await fire('web', false)
  await fire('api', false)
  expect((await read(kept)).state).toBe('over')
  await fire('api')
  expect(await read(kept)).toMatchObject({ state: 'open', occurrence: 2 })
  expect((await call('listIncidents', {})).incidents).toHaveLength(2)
  expect((await read(other)).state).toBe('closed')
})

test('two servers at once: one merge, and none in a circle', async () => {
  const [kept, other] = await two()
  await Promise.all([merge(kept, other), merge(kept, other), merge(kept, other)])
  expect(await mergedEvents(other)).toHaveLength(1)
  await db.query(sql`truncate monitor, alert, incident cascade`)
  const [a, b] = await two()
  const results = await Promise.allSettled([merge(a, b), merge(b, a), runOnce(), runOnce()])
  expect(
    results
      .slice(0, 2)
      .map(({ status }) => status)
      .toSorted(),
  ).toEqual([...['fulfilled', 'rejected']])
  const { incidents } = await call('listIncidents', {})
  const parts = incidents.filter((one: Incident) => one.mergedInto !== null)
  const open = incidents.filter((one: Incident) => one.closed === null)
  expect(parts.map(({ mergedInto }) => mergedInto)).toEqual(open.map(({ id }) => id))
  expect((await read(open[0]!.id)).alerts).toHaveLength(2)
})

test('parts of a part become parts of the one that is kept', async () => {
  const [kept, other] = await two()
  await merge(other, kept)
  await db.query(sql`insert into incident (app, environment, service, title, reason, opened_by,
    opener, severity, detected) values ('shop', 'production', 'mail', 'x', 'x', 'person', 'Ada',
    'minor', now())`)
  const third = (await call('listIncidents', {})).incidents[0]!.id
  expect((await merge(third, other)).merged).toEqual([kept, other])
  await expect(merge(third, kept)).resolves.toMatchObject({ id: third })
  await expect(merge(other, third)).rejects.toThrow(
    `Incident ${other} was merged into incident ${third}`,
  )
})

test('what customers read of one that goes on is about the other one', async () => {
  const [kept, other] = await two()
  await db.query(sql`insert into status_update
      (incident, occurrence, state, phase, title, text, author, due, published) values
    (${other}, 1, 'published', 'resolved', 't', 'earlier', 'Ada', null, now()),
    (${other}, 3, 'published', 'investigating', 't', 'later', 'Ada', null, now()),
    (${other}, 3, 'draft', 'monitoring', 't', 'draft', 'fairlead', now(), null)`)
  await merge(kept, other)
  expect(await listUpdates(db, [kept, other])).toMatchObject([
    { incident: kept, text: 'earlier', occurrence: 0 },
    { incident: kept, text: 'later', occurrence: 1 },
  ])
})

test('an incident of an app that the caller may not see does not exist', async () => {
  const [kept] = await two()
  await db.query(sql`insert into incident (app, environment, title, reason, opened_by, opener,
    severity, detected) values ('bank', 'live', 'x', 'x', 'person', 'Eve', 'minor', now())`)
  const bank = (await call('listIncidents', {})).incidents[0]!.id
  const scoped: Caller = { ...ada, role: null as never, apps: { shop: 'developer' } }
  await expect(merge(kept, bank, scoped)).rejects.toThrow('There is no incident')
  await expect(merge(kept, bank)).rejects.toThrow('Only incidents of one environment')
})
