import { describe, expect, test } from 'vitest'
import { type Candidate, type Harmed, rankChanges } from './changes.ts'
import { isFelt, proofOf, proposeSeverity } from './felt.ts'
import type { Measure } from './measures.ts'
import {
  decideIncidents,
  type FeltAlert,
  type Harm,
  type IncidentFacts,
  type KnownIncident,
  quietMs,
  sameMs,
} from './reconcile.ts'

const start = Date.parse('2026-11-29T03:00:00Z')
const minute = 60_000
const place = { app: 'shop', environment: 'production', service: 'web' }
const alert = (id: number, more: Partial<FeltAlert> = {}): FeltAlert => ({
  ...place,
  ...{ alert: id, title: 'web fails', reason: '4 % fail', deployment: null, kinds: ['errors'] },
  ...{ monitors: ['web'], rollouts: [] },
  onset: { from: start - 20_000, until: start - 10_000 },
  ...{ opened: start, ended: null, occurrence: 1, acknowledged: null },
  ...more,
})
const incident = (id: number, more: Partial<KnownIncident> = {}): KnownIncident => ({
  ...place,
  ...{ id, deployment: null, openedBy: 'alert', began: start, acknowledged: null },
  ...{ mitigated: null, over: null, closed: null, alerts: [{ alert: id, occurrence: 1 }] },
  ...{ switches: ['mails'], isMerged: false },
  ...more,
})
const decide = (facts: Partial<IncidentFacts>) =>
  decideIncidents({
    known: [],
    alerts: [],
    harms: [],
    rollbacks: [],
    measures: [],
    now: start,
    ...facts,
  })
const kindsOf = (facts: Partial<IncidentFacts>) => decide(facts).map(({ kind }) => kind)

describe('which incident an alert belongs to', () => {
  test('an alert opens one; the same facts again change nothing', () => {
    expect(decide({ alerts: [alert(1)] })).toEqual([{ kind: 'open', alerts: [alert(1)] }])
    expect(decide({ known: [incident(1)], alerts: [alert(1)] })).toEqual([])
  })

  test('two alerts at once with one cause are one incident, two causes are two', () => {
    const other = alert(2, { service: 'api', deployment: 7 })
    expect(decide({ alerts: [alert(1, { deployment: 7 }), other] })).toMatchObject([
      { kind: 'open', alerts: [{ alert: 1 }, { alert: 2 }] },
    ])
    expect(kindsOf({ alerts: [alert(1), alert(2, { service: 'api' })] })).toEqual(['open', 'open'])
    expect(kindsOf({ alerts: [alert(1), alert(2, { app: 'bank' })] })).toEqual(['open', 'open'])
  })

  test('a storm of alerts in one place is one incident', () => {
    const storm = Array.from({ length: 500 }, (_, i) => alert(i + 1))
    expect(decide({ alerts: storm })).toMatchObject([{ kind: 'open', alerts: storm }])
  })

  test('an alert joins an incident that a person opened for the environment', () => {
    const known = incident(9, { service: null, openedBy: 'person', alerts: [] })
    expect(decide({ known: [known], alerts: [alert(1)] })).toMatchObject([
      { kind: 'join', incident: 9, alert: { alert: 1 } },
    ])
  })

  test('an alert without an app belongs only to its own incident', () => {
    const host = { app: null, environment: null, service: null }
    const known = incident(1, host)
    expect(kindsOf({ known: [known], alerts: [alert(1, host), alert(2, host)] })).toEqual(['open'])
  })

  test('a late alert, which has ended before it is seen, joins but opens nothing', () => {
    const late = alert(2, { ended: start + minute })
    expect(decide({ alerts: [late] })).toEqual([])
    expect(kindsOf({ known: [incident(1)], alerts: [alert(1), late] })).toEqual(['join'])
  })
})

describe('the end of an incident', () => {
  const ended = alert(1, { ended: start + 5 * minute })

  test('it is over when all of its alerts have ended, at the last end', () => {
    const known = incident(1, { alerts: [1, 2].map((one) => ({ alert: one, occurrence: 1 })) })
    const last = alert(2, { ended: start + 7 * minute, kinds: ['http'] })
    expect(kindsOf({ known: [known], alerts: [ended, alert(2)] })).toEqual([])
    expect(decide({ known: [known], alerts: [ended, last] })).toEqual([
      { kind: 'over', incident: 1, at: start + 7 * minute, kinds: ['errors', 'http'] },
    ])
  })

  test.each([
    [59, 'reopen'],
    [61, 'open'],
  ])('another alert %d minutes after the end: %s', (minutes, kind) => {
    const over = start + 5 * minute
    const known = incident(1, { over })
    const now = over + minutes * minute
    const kinds = kindsOf({ known: [known], alerts: [ended, alert(2)], now })
    expect(kinds.filter((one) => one !== 'close')).toEqual([kind])
  })

  test('an alert after another deployment has another cause', () => {
    const known = incident(1, { over: start, deployment: 7 })
    expect(kindsOf({ known: [known], alerts: [alert(2, { deployment: 8 })] })).toEqual(['open'])
    expect(kindsOf({ known: [known], alerts: [alert(2, { deployment: 7 })] })).toEqual(['reopen'])
  })

  test('its alert that opens again reopens it, also when a person had closed it', () => {
    const over = incident(1, { over: start })
    const closed = incident(1, { over: start, closed: start })
    const again = alert(1, { occurrence: 2 })
    expect(kindsOf({ known: [over], alerts: [again] })).toEqual(['reopen'])
    expect(kindsOf({ known: [closed], alerts: [again] })).toEqual(['reopen'])
    // The alert goes on, and the person knows it.
    expect(kindsOf({ known: [closed], alerts: [alert(1)] })).toEqual([])
  })

  test('it is closed when it has not come back within an hour', () => {
    const known = [incident(1, { over: start })]
    expect(kindsOf({ known, now: start + sameMs - 1 })).toEqual([])
    expect(decide({ known, now: start + sameMs })).toEqual([{ kind: 'close', incident: 1 }])
  })

  test('a clock that jumps back neither closes nor doubles it', () => {
    const known = [incident(1, { over: start })]
    const now = start - 24 * sameMs
    expect(decide({ known, now })).toEqual([])
    expect(kindsOf({ known, alerts: [alert(2)], now })).toEqual(['reopen'])
  })

  test('one that a person opened without an alert ends only by a person', () => {
    const known = [incident(1, { openedBy: 'person', alerts: [] })]
    expect(decide({ known, now: start + 48 * sameMs })).toEqual([])
  })
})

describe('what is done about it', () => {
  test('the first acknowledgement and the first rollback since the detection count', () => {
    const acknowledged = { at: start + minute, by: 'Ada' }
    const rollback = { deployment: 12, app: 'shop', environment: 'production' }
    const rollbacks = [
      { ...rollback, at: start - minute },
      { ...rollback, at: start + 3 * minute, deployment: 13 },
      { ...rollback, at: start + 2 * minute },
      { ...rollback, at: start + minute, app: 'bank' },
    ]
    expect(
      decide({ known: [incident(1)], alerts: [alert(1, { acknowledged })], rollbacks }),
    ).toEqual([
      { kind: 'acknowledge', incident: 1, ...acknowledged },
      {
        kind: 'mitigate',
        incident: 1,
        at: start + 2 * minute,
        what: 'deployment 12 is a rollback',
      },
    ])
  })

  const measure: Measure = {
    ...{ kind: 'switch', app: 'shop', environment: 'production', name: 'mails', reason: '' },
    ...{ monitor: null, at: start + minute, what: 'Ada turned off the switch mails' },
  }
  const decidedFor = (more: Partial<Measure>) =>
    kindsOf({
      ...{ known: [incident(1)], alerts: [alert(1)], measures: [{ ...measure, ...more }] },
    })

  test.each<[string, Partial<Measure>, boolean]>([
    ['the switch is a suspect', {}, true],
    ['another switch', { name: 'banner' }, false],
    ['another switch, for this incident', { name: 'banner', reason: 'Incident 1: stop' }, true],
    ['a suspect, for another incident', { reason: 'incident 12' }, false],
    ['before the incident', { at: start - minute }, false],
    ['in another app', { app: 'bank' }, false],
    ['its monitor, before the alert', { monitor: 'web', name: 'x', at: start - minute }, true],
    ['another monitor', { monitor: 'disk', name: 'x' }, false],
    ['the service that fails', { kind: 'restart', name: 'web' }, true],
    ['another service', { kind: 'restart', name: 'api' }, false],
    ['a page for this incident', { kind: 'maintenance', name: '', reason: 'incident 1' }, true],
    ['a page without an incident', { kind: 'maintenance', name: '' }, false],
    ['instances for this incident', { kind: 'scale', reason: 'incident 1' }, true],
    ['instances without an incident', { kind: 'scale' }, false],
    ['a restart from before', { kind: 'restart', name: 'web', begun: start - 1 }, false],
  ])('what was done mitigates only if it is about the incident: %s', (_, more, isMitigated) => {
    expect(decidedFor(more)).toEqual(isMitigated ? ['mitigate'] : [])
  })

  const harm: Harm = {
    ...{ deployment: 7, app: 'shop', environment: 'production', reason: '9 % fail' },
    ...{ from: start - minute, at: start },
  }

  test('a release that was rolled back for its harm opens one, without an alert', () => {
    expect(decide({ harms: [harm] })).toEqual([{ kind: 'open-harm', harm }])
    const known = incident(1, { openedBy: 'rollback', deployment: 7, service: null, alerts: [] })
    expect(decide({ known: [known], harms: [harm] })).toEqual([])
    const mitigated = incident(1, { ...known, mitigated: start })
    expect(decide({ known: [mitigated], now: start + quietMs - 1 })).toEqual([])
    expect(decide({ known: [mitigated], now: start + quietMs })).toMatchObject([
      { kind: 'over', at: start },
    ])
  })

  test('the harm of a release and its alert are one incident', () => {
    expect(kindsOf({ harms: [harm], alerts: [alert(1)] })).toEqual(['open'])
    expect(kindsOf({ harms: [harm], known: [incident(1)], alerts: [alert(1)] })).toEqual([])
  })
})

test('customers feel the edge, addresses, objectives and crashes, not jobs and disks', () => {
  expect(['errors', 'http', 'slo', 'restarts', 'invariant'].every((kind) => isFelt([kind]))).toBe(
    true,
  )
  expect(isFelt(['job', 'disk', 'error', 'external'])).toBe(false)
})

test.each([
  [['errors'], 'minor'],
  [['http'], 'major'],
  [['errors', 'restarts'], 'major'],
  [[], 'minor'],
] as const)('the severity of %j is %s', (kinds, severity) => {
  expect(proposeSeverity([...kinds])).toBe(severity)
})

test.each([
  [null, 0, 'minor'],
  [{ failed: 1, all: 19 }, 0, 'minor'],
  [{ failed: 1, all: 20 }, 0, 'major'],
  [{ failed: 99, all: 99 }, 0, 'major'],
  [{ failed: 100, all: 200 }, 0, 'critical'],
  [{ failed: 100, all: 201 }, 0, 'major'],
  [null, 9, 'minor'],
  [null, 10, 'major'],
] as const)('the severity of %j and %d entities is %s', (requests, entities, severity) => {
  expect(proposeSeverity([], requests, entities)).toBe(severity)
})

test('the proof names the test of the detectors and its error', () => {
  expect(proofOf(['errors', 'http'])).toBe(
    'the test of errors that allows 1 % of errors has passed, and every monitor that fired is ' +
      'well again',
  )
  expect(proofOf(['rollout'])).toBe('the switch was set back')
  expect(proofOf(['http'])).toBe('every monitor that fired is well again')
})

describe('what changed before', () => {
  const harmed: Harmed = {
    ...{ ...place, deployment: null, rollout: null },
    onset: { from: start, until: start + 10_000 },
  }
  const candidate = (ref: string, more: Partial<Candidate> = {}): Candidate => ({
    ...{ kind: 'delivery', ref, app: 'shop', environment: 'production', service: null },
    ...{ text: `change ${ref}`, time: start - 2 * minute },
    ...more,
  })
  const refs = (candidates: Candidate[], more: Partial<Harmed> = {}) =>
    rankChanges({ ...harmed, ...more }, candidates).map(({ ref }) => ref)

  test('an incident without any change before it has no suspect', () => {
    expect(rankChanges(harmed, [])).toEqual([])
    expect(refs([candidate('later', { time: start + minute })])).toEqual([])
  })

  test('the release with the harm is first, then what is near in time and place', () => {
    const all = [
      candidate('old', { time: start - 60 * minute }),
      candidate('7', { time: start - 9 * minute }),
      candidate('elsewhere', { app: 'bank', time: start - minute }),
      candidate('drift', { kind: 'drift', service: 'web' }),
      candidate('other-service', { kind: 'drift', service: 'api' }),
    ]
    expect(refs(all)).toEqual(['drift', '7', 'other-service', 'elsewhere', 'old'])
    expect(refs(all, { deployment: 7 })[0]).toBe('7')
    expect(rankChanges({ ...harmed, deployment: 7 }, all).map(({ reason }) => reason)).toEqual([
      'the harm is in its release, which went live 9 min 0 s before it',
      'in web, which fails, 2 min 0 s before it',
      'in production, 2 min 0 s before it',
      'in another app on this machine, 1 min 0 s before it',
      'in production, 1 h 0 min before it',
    ])
  })

  test('the switch whose rollout did harm is first, once', () => {
    const step = (time: number): Candidate => candidate('checkout', { kind: 'switch', time })
    const all = [candidate('7', { time: start - 3000 }), step(start), step(start + 8000)]
    expect(refs(all)).toEqual(['checkout', 'checkout', '7'])
    const ranked = rankChanges({ ...harmed, rollout: 'checkout' }, all)
    expect(ranked.map(({ ref, time }) => [ref, time])).toEqual([
      ['checkout', start],
      ['7', start - 3000],
    ])
    expect(ranked[0]?.reason).toBe('the keys with its new value fail more often')
  })

  test('a job with the number of the deployment is not the release with the harm', () => {
    const job = candidate('7', { kind: 'job', time: start - 30 * minute })
    expect(rankChanges({ ...harmed, deployment: 7 }, [job])[0]?.reason).toContain('in production')
  })

  test('what changed when the harm began comes before a deployment minutes earlier', () => {
    const all = [
      candidate('delivery'),
      candidate('redis', { kind: 'restart', service: 'redis', time: start }),
    ]
    expect(refs(all)).toEqual(['redis', 'delivery'])
    const wide = { from: start, until: start + 10 * minute }
    expect(refs(all, { onset: wide })).toEqual(['delivery', 'redis'])
  })

  test('the first suspect of many innocent changes is the one just before', () => {
    const innocent = Array.from({ length: 200 }, (_, i) =>
      candidate(`innocent-${i}`, { time: start - (30 + i) * minute }),
    )
    expect(refs([...innocent, candidate('guilty')])).toHaveLength(10)
    expect(refs([...innocent, candidate('guilty')])[0]).toBe('guilty')
  })
})
