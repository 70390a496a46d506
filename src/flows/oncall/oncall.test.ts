import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Caller } from '#contract/handler.ts'
import { markProven, putChannel } from '#domains/alert/channel-store.ts'
import { insertUser } from '#domains/access/user-store.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { testDatabase } from '../../../test/support/postgres.ts'
import { calendarText } from './calendar.ts'
import { oncallHandlers } from './handlers.ts'

let db: Database
let close: () => Promise<void>
beforeAll(async () => {
  ;({ db, close } = await testDatabase())
  const channel = { kind: 'ntfy', settings: '', urgency: 'low' as const }
  await db.batch([
    ...['Ada', 'Bob', 'Cy'].map((name) => insertUser({ name, email: null, role: 'viewer' })),
    putChannel({ ...channel, name: 'ada', person: 'Ada' }),
    putChannel({ ...channel, name: 'bob', person: 'Bob' }),
    markProven('ada'),
  ])
})
afterAll(() => close())

const now = Date.parse('2026-06-02T12:00:00Z')
const caller: Caller = {
  ...{ name: 'Ada', email: null, user: 1, session: null, isLimited: false },
  ...{ role: 'operator', apps: {}, by: { credential: 'session', address: null } },
}
const { signal } = new AbortController()
const publicUrl = 'http://fairlead.test'
const handlers = () => oncallHandlers({ db, publicUrl, now: () => now, random: randomBytes })
const params = { rota: 'primary' }
const query = { days: 28 }
const put = (people: string[]) =>
  handlers().putRota(
    {
      ...{ params, query: {} },
      body: {
        zone: 'UTC',
        layers: [{ people, start: '2026-06-01T09:00', every: 1, unit: 'weeks', hours: [] }],
      },
    },
    caller,
    signal,
  )

test('a rota with its people, problems, overrides, swaps and calendar', async () => {
  await expect(put(['Ada', 'Eve'])).rejects.toThrow('There is no user Eve.')
  expect(await put(['Ada', 'Bob'])).toMatchObject({
    now: { person: 'Ada', until: '2026-06-08T09:00:00.000Z' },
    next: { person: 'Bob' },
    problems: [{ kind: 'unproven', person: 'Bob', from: '2026-06-08T09:00:00.000Z' }],
  })
  const swap = { one: '2026-06-03T00:00:00Z', other: '2026-06-10T00:00:00Z', reason: '' }
  const { overrides } = await handlers().swapShifts(
    { params, query: {}, body: swap },
    caller,
    signal,
  )
  expect(overrides.map(({ person, from }) => [person, from])).toEqual([
    ['Bob', '2026-06-01T09:00:00.000Z'],
    ['Ada', '2026-06-08T09:00:00.000Z'],
  ])
  const { shifts, next } = await handlers().getRota({ params, query, body: {} }, caller, signal)
  expect(shifts.slice(0, 3).map(({ person }) => person)).toEqual(['Bob', 'Ada', 'Ada'])
  expect(next?.person).toBe('Ada')
  const { url } = await handlers().createCalendarLink(
    { params, query: {}, body: {} },
    caller,
    signal,
  )
  const key = new URL(url).searchParams.get('key') ?? ''
  expect(await calendarText({ db, publicUrl }, { rota: 'primary', key, now })).toContain(
    'SUMMARY:Bob is on call (primary)',
  )
  const wrong = { rota: 'primary', key: `${key}x`, now }
  expect(await calendarText({ db, publicUrl }, wrong)).toBeNull()
})

test('the next import replaces the entries of the last one', async () => {
  await put(['Ada'])
  const entry = (person: string, date: string): string =>
    `BEGIN:VEVENT\r\nUID:${date}\r\nSUMMARY:${person}\r\nDTSTART:${date}T000000Z\r\n` +
    `DTEND:${date}T120000Z\r\nEND:VEVENT\r\n`
  const load = (...entries: string[]) =>
    handlers().importCalendar(
      {
        ...{ params, query: {} },
        body: { calendar: `BEGIN:VCALENDAR\r\n${entries.join('')}END:VCALENDAR` },
      },
      caller,
      signal,
    )
  expect(await load(entry('Cy', '20260620'), entry('Zoe', '20260621'))).toEqual({
    ...{ overrides: 1, unmatched: ['Zoe'] },
  })
  await load(entry('Bob', '20260622'))
  const { overrides } = await handlers().getRota({ params, query, body: {} }, caller, signal)
  const imported = overrides.filter(({ reason }) => ['Cy', 'Bob'].includes(reason))
  expect(imported.map(({ person, from }) => [person, from])).toEqual([
    ['Bob', '2026-06-22T00:00:00.000Z'],
  ])
})

test('a team is saved only with targets that exist, and shows those that are gone', async () => {
  const save = (notify: string[]) =>
    handlers().putTeam(
      {
        ...{ params: { team: 'payments' }, query: {} },
        body: { suspects: 5, steps: [{ notify, minutes: 5 }], repeats: 1, working: null },
      },
      caller,
      signal,
    )
  await expect(save(['rota:nights'])).rejects.toThrow('There is no rota nights.')
  expect(await save(['rota:primary', 'person:Bob', 'channel:ada'])).toMatchObject({ missing: [] })
  await handlers().deleteRota({ params, query: {}, body: {} }, caller, signal)
  const { teams } = await handlers().listTeams({ params: {}, query: {}, body: {} }, caller, signal)
  expect(teams).toMatchObject([{ name: 'payments', missing: ['rota:primary'] }])
})
