import { expect, test } from 'vitest'
import type { HostRoster, Outage, RosterRecipient } from '#contract/host/roster.ts'
import {
  acceptPage,
  beginOutage,
  duePages,
  endOutage,
  planAt,
  refusePage,
  takeSteps,
} from './outage.ts'

const to = (channel: string, others: string[] = []): RosterRecipient => ({
  ...{ channel, person: channel, reason: 'they are on call', others },
})
const roster: HostRoster = {
  ...{ alert: 7, recorded: null, after: 180_000, servers: [], privateHosts: null },
  ...{ allowAddresses: '', publicUrl: 'http://x', mail: null, commands: null, channels: {} },
  ...{ hosts: [], secret: 'of the hosts' },
  plans: [
    [
      { recipients: [to('chat')], pause: 0 },
      { recipients: [to('ada', ['ada-mail'])], pause: 300 },
      { recipients: [to('bob')], pause: null },
    ],
    [{ recipients: [to('night')], pause: null }],
  ],
  shifts: [
    { until: 1000, plan: 1 },
    { until: 9e9, plan: 0 },
  ],
}
const names = ({ pages }: Outage) => pages.map(({ channel, state }) => `${channel} ${state}`)
const begin = (now = 2000) =>
  takeSteps(beginOutage({ alert: 7, since: 0, secret: 's' }, now), roster, now)
const refuse = (outage: Outage, channel: string, now: number, isCutOff = false) => {
  const { id } = outage.pages.find((page) => page.channel === channel)!
  return refusePage(outage, id, { problem: 'it answered 500', isCutOff, now })
}

test('steps are taken once, at their times, until the last one', () => {
  const first = begin()
  expect(names(first)).toEqual(['chat pending', 'ada pending'])
  expect(names(takeSteps(first, roster, 301_000))).toEqual(['chat pending', 'ada pending'])
  const second = takeSteps(first, roster, 302_000)
  expect(names(second)).toEqual(['chat pending', 'ada pending', 'bob pending'])
  expect(takeSteps(second, roster, 9e8)).toEqual(second)
  expect(new Set(second.pages.map(({ id }) => id)).size).toBe(3)
})

test('who is on call is who was planned for now; the last plan holds on', () => {
  expect(
    names(takeSteps(beginOutage({ alert: 7, since: 0, secret: 's' }, 500), roster, 500)),
  ).toEqual(['night pending'])
  expect(planAt(roster, 1e12)).toEqual(roster.plans[0])
})

test('an accepted message is not due again', () => {
  const outage = acceptPage(begin(), 'outage-7-0-chat', 2100)
  expect(duePages(outage, 9e9).map(({ channel }) => channel)).toEqual(['ada'])
  expect(outage.pages[0]).toMatchObject({ state: 'sent', sent: 2100 })
})

test('a refused message is tried again, then on another channel, then the next step is due', () => {
  let outage = acceptPage(begin(), 'outage-7-0-chat', 2100)
  outage = refuse(outage, 'ada', 2000)
  expect(duePages(outage, 6999)).toEqual([])
  expect(duePages(outage, 7000)).toHaveLength(1)
  outage = refuse(outage, 'ada', 7000)
  expect(names(outage)).toEqual(['chat sent', 'ada failed', 'ada-mail pending'])
  for (const pause of [5, 15, 60, 300]) {
    outage = refuse(outage, 'ada-mail', 8000)
    expect(outage.pages[2]?.due).toBe(8000 + pause * 1000)
    expect(outage.next).toBe(302_000)
  }
  outage = refuse(outage, 'ada-mail', 9000)
  expect(outage.next).toBe(9000)
  expect(names(takeSteps(outage, roster, 9000)).at(-1)).toBe('bob pending')
})

test('nothing is given up while the host is cut off', () => {
  let outage = begin()
  for (let i = 0; i < 20; i += 1) outage = refuse(outage, 'chat', 2000, true)
  expect(outage.pages[0]).toMatchObject({ state: 'pending', tries: 0, due: 17_000 })
})

test('when a server answers, nothing more is sent', () => {
  const ended = endOutage(acceptPage(begin(), 'outage-7-0-chat', 2100), 5000)
  expect(names(ended)).toEqual(['chat sent', 'ada dropped'])
  expect([ended.ended, ended.next]).toEqual([5000, null])
  expect(endOutage(ended, 6000).ended).toBe(5000)
})
