import { expect, test } from 'vitest'
import type { HostRoster, Outage } from '#contract/host/roster.ts'
import {
  acceptPage,
  beginOutage,
  endOutage,
  refusePage,
  resumeOutage,
  takeSteps,
} from './outage.ts'
import { followLink, linkKey } from './outage-link.ts'

const hour = 3_600_000
const step = (person: string | null, pause: number | null) => ({
  recipients: [{ channel: person ?? 'chat', person, reason: 'they are on call', others: [] }],
  pause,
})
const roster: HostRoster = {
  ...{ alert: 7, recorded: null, after: 180_000, servers: [], privateHosts: null },
  ...{ allowAddresses: '', publicUrl: 'http://x', mail: null, commands: null, channels: {} },
  ...{ hosts: [], secret: 'of the hosts' },
  plans: [[step(null, 0), step('Ada', 300), step('Bob', 300), step('Ada', null)]],
  shifts: [{ until: 9e15, plan: 0 }],
}
const begun = takeSteps(beginOutage({ alert: 7, since: 0, secret: 'a secret' }, 0), roster, 0)
const keyTo = (outage: Outage, person: string): string =>
  linkKey(
    outage,
    outage.pages.findLast((page) => page.person === person)!,
  )!
const follow = (
  outage: Outage | null,
  key: string,
  answer: 'acknowledge' | 'pass' | null,
  now = 0,
) => followLink(outage, { key, answer, now })
const ids = ({ pages }: Outage) => pages.map(({ id, state }) => `${id} ${state}`)

test('a link shows the question and changes nothing; shared channels have none', () => {
  expect(follow(begun, keyTo(begun, 'Ada'), null)).toEqual({
    ...{ status: 200, isOpen: true, outage: begun },
    sentence: 'Ada, no server answers. Take it on for an hour?',
  })
  expect(linkKey(begun, begun.pages[0]!)).toBeNull()
})

test('an acknowledgement stops the steps for an hour, then they begin again', () => {
  const { outage, sentence } = follow(begun, keyTo(begun, 'Ada'), 'acknowledge', 1000)
  expect(sentence).toContain('You have it.')
  const dropped = ['outage-7-0-chat dropped', 'outage-7-1-Ada dropped']
  expect(ids(takeSteps(outage!, roster, hour))).toEqual(dropped)
  expect(ids(takeSteps(outage!, roster, hour + 1000))).toEqual([
    ...dropped,
    ...['outage-7.2-0-chat pending', 'outage-7.2-1-Ada pending'],
  ])
  // The network came back for a moment: it is still hers.
  const resumed = resumeOutage(endOutage(outage!, 2000), 3000)
  expect(ids(takeSteps(resumed, roster, 3000))).toEqual(dropped)
  // A message that was on its way is not tried again.
  const late = refusePage(outage!, 'outage-7-1-Ada', { problem: 'x', isCutOff: true, now: 2000 })
  expect(late).toEqual(outage)
})

test('a person who passes it on gets no further message, and the next one gets it at once', () => {
  const sent = acceptPage(begun, 'outage-7-1-Ada', 500)
  const { outage } = follow(sent, keyTo(sent, 'Ada'), 'pass', 1000)
  const next = takeSteps(outage!, roster, 1000)
  expect(ids(next).at(-1)).toBe('outage-7-2-Bob pending')
  expect(ids(takeSteps(next, roster, hour))).toEqual(ids(next))
})

test('a link acts once, for a day, while nobody has it and no server answers', () => {
  const key = keyTo(begun, 'Ada')
  const both = takeSteps(begun, roster, 300_000)
  const held = follow(both, key, 'acknowledge', 301_000).outage!
  const sentences = [
    follow(held, key, 'pass', 302_000),
    follow(held, keyTo(both, 'Bob'), 'acknowledge', 302_000),
    follow(held, keyTo(both, 'Bob'), null, 302_000),
    follow(endOutage(both, 301_000), key, 'acknowledge', 302_000),
    follow(begun, key, 'acknowledge', 25 * hour),
    follow(begun, `${key.slice(0, -1)}é`, 'acknowledge'),
    follow({ ...begun, secret: 'another' }, key, 'acknowledge'),
    follow({ ...begun, secret: '' }, '', 'acknowledge'),
    follow(null, key, 'acknowledge'),
  ].map(({ status, sentence }) => `${status} ${sentence}`)
  const ended = '410 This link has expired or is not valid.'
  expect(sentences).toEqual([
    '409 This link was already used.',
    '409 Ada has it.',
    '200 Ada has it.',
    '409 A server answers again.',
    ...[ended, ended, ended, ended, ended],
  ])
})
