import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Incident, incidentStates, severities } from '#contract/incident/incident.ts'
import { mergeIncidents, whyNotMerge } from './merge.ts'

const at = (minute: number): string => new Date(Date.UTC(2026, 10, 29, 3, minute)).toISOString()
const incident = (id: number, more: Partial<Incident> = {}): Incident => ({
  ...{ id, app: 'shop', environment: 'production', service: 'web', title: 'x', reason: 'x' },
  ...{ state: 'open', severity: 'minor', severityBy: null, openedBy: 'alert', opener: 'alert 1' },
  ...{ deployment: null, onset: { from: at(0), until: at(1) }, detected: at(2) },
  ...{ acknowledged: null, declared: null, mitigated: null, mitigation: null, over: null },
  ...{ proof: null, closed: null, closedBy: null, commander: null, communicator: null },
  ...{ occurrence: 1, mergedInto: null },
  ...more,
})
const ended = { over: at(9), proof: 'x' }

test.each([
  ['itself', incident(1), incident(1), 'into itself'],
  ['one that is closed', incident(1, { closed: at(9) }), incident(2), 'Incident 1 is closed'],
  ['a closed one', incident(1), incident(2, { closed: at(9) }), 'Incident 2 is closed'],
  ['a part', incident(1), incident(2, { mergedInto: 7 }), '2 was merged into incident 7'],
  ['another place', incident(1), incident(2, { environment: 'staging' }), 'one environment'],
  ['another app', incident(1), incident(2, { app: 'bank' }), 'one environment'],
  ['the wrong way', incident(1, ended), incident(2), 'merge incident 1 into incident 2'],
])('refuses %s', (_, kept, other, why) => {
  expect(whyNotMerge(kept, other)).toContain(why)
})

test('one that goes on gets one that is over, and both may be over', () => {
  expect(whyNotMerge(incident(1), incident(2, ended))).toBeNull()
  expect(whyNotMerge(incident(1, ended), incident(2, ended))).toBeNull()
})

test('two services are the whole environment, and roles are filled', () => {
  const kept = incident(1, { commander: 'Ada' })
  const other = incident(2, { service: 'api', deployment: 7, commander: 'Eve', communicator: 'Bo' })
  expect(mergeIncidents(kept, other)).toMatchObject({
    ...{ service: null, deployment: 7, commander: 'Ada', communicator: 'Bo' },
  })
})

test('a severity that a person set stays', () => {
  const other = incident(2, { severity: 'critical', severityBy: 'Eve' })
  expect(mergeIncidents(incident(1), other)).toMatchObject({
    ...{ severity: 'critical', severityBy: 'Eve' },
  })
  expect(mergeIncidents(incident(1, { severityBy: 'Ada' }), other)).toMatchObject({
    ...{ severity: 'minor', severityBy: 'Ada' },
  })
})

test('it is mitigated only if nothing goes on that is not', () => {
  const mitigated = { mitigated: at(5), mitigation: 'rolled back' }
  expect(mergeIncidents(incident(1, mitigated), incident(2)).mitigated).toBeNull()
  expect(mergeIncidents(incident(1), incident(2, { ...mitigated, ...ended })).mitigated).toBeNull()
  expect(mergeIncidents(incident(1, mitigated), incident(2, ended))).toMatchObject(mitigated)
  expect(mergeIncidents(incident(1, mitigated), incident(2, { mitigated: at(7) }))).toMatchObject({
    mitigated: at(7),
  })
})

const minute = fc.integer({ min: 2, max: 50 })
const moment = fc.option(minute.map(at))
const some = fc
  .record({
    state: fc.constantFrom(...incidentStates),
    severity: fc.constantFrom(...severities),
    onset: fc.option(minute.map((one) => ({ from: at(one), until: at(one + 1) }))),
    ...{ detected: minute.map(at), acknowledged: moment, declared: moment },
    ...{ mitigated: moment, over: moment },
  })
  .map((facts) => incident(1, facts))

test('the harm begins with the first, ends with the last, and the order does not matter', () => {
  fc.assert(
    fc.property(some, some, (a, b) => {
      const both = mergeIncidents(a, b)
      const same = mergeIncidents(b, a)
      expect([same.severity, same.detected, same.mitigated, same.over, same.onset]).toEqual([
        ...[both.severity, both.detected, both.mitigated, both.over, both.onset],
      ])
      expect(both.over === null).toBe(a.over === null || b.over === null)
      expect(both.detected <= a.detected && both.detected <= b.detected).toBe(true)
      if (both.over !== null) expect([a.over, b.over].every((one) => one! <= both.over!)).toBe(true)
    }),
  )
})
