import { expect, test } from 'vitest'
import { decideStart, type LineFacts } from './line.ts'
import {
  allowedInstances,
  findRefusals,
  type RefusalFacts,
  type SteadyMonitor,
  withDeclared,
} from './rules.ts'
import {
  decideWatch,
  endWithoutRecovery,
  type FiringSource,
  harmOf,
  type WatchFacts,
} from './watch.ts'

const plan = {
  ...{ action: 'pause', parameters: {}, service: 'web', for: 30, instances: 1, share: 100 },
  ...{
    expect: { alert: 'homepage', within: 20 },
    allow: [],
    recovery: 120,
    pause: 300,
    every: null,
  },
}
const homepage: SteadyMonitor = {
  ...{ name: 'homepage', kind: 'http', service: 'web', state: 'up', reason: '', isDeclared: true },
}
const radius = { instances: 1, of: 2, isHost: false }
const now = Date.parse('2026-11-30T10:00:00Z')
const calm: RefusalFacts = {
  ...{ plan, place: 'shop/production', isLast: true, now, stop: null },
  ...{ monitors: [homepage], alerts: [], incidents: [], deployments: [], watched: null },
  ...{ frozenUntil: null, spent: [], lastEnd: null, onCall: 'Ada', hoursBegin: null },
  ...{ rehearsal: null, fault: { radius }, instances: 1, isOnlyServer: true },
}

test('an experiment begins in a calm environment whose owner is there', () => {
  expect(findRefusals(calm)).toEqual([])
  const staging = { ...calm, isLast: false, onCall: null }
  expect(findRefusals(staging)).toEqual([])
})

const judged: SteadyMonitor = { ...homepage, name: 'errors', kind: 'errors', isDeclared: false }
const refusals: [Partial<RefusalFacts>, string][] = [
  [{ stop: { actor: 'Ada', reason: 'sale' } }, 'Ada stopped all experiments: sale'],
  [
    { monitors: [{ ...homepage, state: 'down', reason: 'timeout' }] },
    'the monitor homepage is down: timeout',
  ],
  [{ monitors: [{ ...homepage, state: 'unknown' }] }, 'the monitor homepage is unknown'],
  [{ monitors: [homepage, { ...judged, state: 'degraded' }] }, 'the monitor errors is degraded'],
  [{ monitors: [judged] }, 'no monitor checks the environment, so that nobody would notice harm'],
  [{ alerts: ['web is slow'] }, 'an alert is open: web is slow'],
  [{ incidents: [7] }, 'incident 7 is not over'],
  [{ deployments: [12] }, 'deployment 12 is under way'],
  [{ watched: 12 }, 'deployment 12 is still watched for harm'],
  [{ frozenUntil: now + 3_600_000 }, 'shop/production is frozen until 2026-11-30 11:00 UTC'],
  [{ spent: ['checkout'] }, 'the error budget of checkout is used up'],
  [
    { lastEnd: now - 60_000 },
    'the last experiment of shop/production ended less than 300 s ago; wait 240 s',
  ],
  [{ onCall: null }, 'nobody is on call for web'],
  [
    { hoursBegin: now + 3_600_000 },
    'it is outside of the working hours of the team, which begin 2026-11-30 11:00 UTC',
  ],
  [{ plan: { ...plan, action: 'kill' } }, 'the restart of web was not rehearsed with this release'],
  [
    { plan: { ...plan, action: 'kill' }, rehearsal: 'unknown' },
    'the last rehearsal does not show that web would start again',
  ],
  [{ fault: { problem: 'no release' } }, 'the fault is not possible here: no release'],
  [{ fault: { radius: { ...radius, of: 0 } } }, 'web has no instances'],
  [{ instances: 0 }, '100 % of 2 instances of web is less than one'],
  [
    { fault: { radius: { ...radius, isHost: true } } },
    'pause hits the whole machine, which is that of the only server',
  ],
]

test.each(refusals)('%j is refused: %s', (facts, reason) => {
  expect(findRefusals({ ...calm, ...facts })).toEqual([reason])
})

test('what only judges requests may be unknown', () => {
  const monitors = [homepage, { ...judged, state: 'unknown' as const }]
  expect(findRefusals({ ...calm, monitors })).toEqual([])
})

test('a declared monitor that does not exist yet is unknown, and a reason', () => {
  const reachable = { ...homepage, name: 'reachable', kind: 'reachable', isDeclared: false }
  expect(withDeclared([homepage, reachable], [homepage])).toEqual([homepage, reachable])
  const monitors = withDeclared([reachable], [homepage])
  expect(findRefusals({ ...calm, monitors })).toEqual([
    'the monitor homepage is unknown: it has not been checked yet',
  ])
})

test('a share is rounded down, so that it never hits more', () => {
  expect(allowedInstances({ instances: 10, share: 50 }, 5)).toBe(2)
  expect(allowedInstances({ instances: 1, share: 50 }, 1)).toBe(0)
  expect(allowedInstances({ instances: 3, share: 100 }, 8)).toBe(3)
})

const detection = { alert: 4, title: 'web', afterMs: 4000, notified: ['Ada'] }
const going: WatchFacts = {
  ...{ plan, elapsed: 10_000, abortedBy: null, harm: [], detection: null, deployments: [] },
  fault: { state: 'armed', reason: null },
}

test('an experiment goes on while nothing is wrong, also while its host does not answer', () => {
  expect(decideWatch(going)).toBeNull()
  expect(decideWatch({ ...going, fault: null })).toBeNull()
})

const ends: [Partial<WatchFacts>, string, string][] = [
  [{ abortedBy: 'Ada' }, 'aborted', 'Ada aborted it'],
  [{ harm: ['homepage failed'] }, 'aborted', 'homepage failed'],
  [{ deployments: [3] }, 'aborted', 'deployment 3 needs the environment'],
  [{ elapsed: 20_001 }, 'failed', 'the alert of homepage did not open within 20 s'],
  [
    { detection: { ...detection, afterMs: 21_000 }, elapsed: 22_000 },
    'failed',
    'the alert of homepage opened after 21 s instead of 20 s',
  ],
  [{ detection, elapsed: 30_000 }, 'passed', 'the alert of homepage opened after 4 s; Ada got it'],
  [
    { elapsed: 30_000, plan: { ...plan, expect: null } },
    'passed',
    'web tolerated the fault for 30 s',
  ],
  [
    { fault: { state: 'undone', reason: 'its lease was not renewed' } },
    'unknown',
    'the fault was undone before its time: its lease was not renewed',
  ],
  [
    { fault: { state: 'missing', reason: null } },
    'unknown',
    'the fault was undone before its time: the reason is not known',
  ],
]

test.each(ends)('%j ends it: %s, %s', (facts, state, reason) => {
  expect(decideWatch({ ...going, ...facts })).toEqual({ state, reason })
})

test('an end that says less keeps its words when the steady state does not return', () => {
  const left = 'the steady state did not return: the monitor homepage is down'
  const problems = ['the monitor homepage is down']
  expect(endWithoutRecovery({ state: 'passed', reason: 'x' }, problems)).toEqual({
    ...{ state: 'failed', reason: left },
  })
  expect(endWithoutRecovery({ state: 'aborted', reason: 'x' }, problems)).toEqual({
    ...{ state: 'aborted', reason: `x; ${left}` },
  })
})

test('only the expected alert and its consequences may fire', () => {
  const one = (name: string, kind: string, service: string | null): FiringSource => ({
    ...{ name, kind, service, reason: 'timeout' },
  })
  const firing = [
    ...[one('homepage', 'http', null), one('reachable', 'reachable', 'web')],
    ...[one('checkout', 'http', 'web'), one('errors', 'errors', 'api')],
  ]
  expect(harmOf(firing, plan)).toEqual(['checkout failed: timeout', 'errors failed: timeout'])
  expect(harmOf(firing, { ...plan, allow: ['checkout', 'errors'] })).toEqual([])
  expect(harmOf(firing, { ...plan, expect: null })).toHaveLength(4)
})

const due: LineFacts = {
  ...{ isLive: true, deployments: [], refusals: [], isTaken: false, waited: 0, patience: 1000 },
}
test.each<[Partial<LineFacts>, ReturnType<typeof decideStart>]>([
  [{}, { go: true }],
  [{ refusals: ['an alert is open: x'] }, null],
  [{ isTaken: true }, null],
  [{ refusals: ['an alert is open: x'], waited: 1000 }, { go: true }],
  [{ isLive: false }, { go: false, reason: 'did not run: the release is no longer live' }],
  [{ deployments: [7] }, { go: false, reason: 'did not run: deployment 7 needs the environment' }],
  [
    { isTaken: true, waited: 1000 },
    { go: false, reason: 'did not run: another experiment is under way' },
  ],
])('the experiment of a delivery with %j: %j', (facts, start) => {
  expect(decideStart({ ...due, ...facts })).toEqual(start)
})
