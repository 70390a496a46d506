import { expect, test } from 'vitest'
import { addSeen, type Reachable, seeInstances } from './reachable.ts'

const healthy = { state: 'healthy', reason: null } as const
const hung = { state: 'unhealthy', reason: 'GET /health did not answer within 5 s' } as const

test('a service is down without an instance that answers, and degraded with some', () => {
  expect(seeInstances([healthy, healthy])).toEqual({ state: 'up', reason: '' })
  expect(seeInstances([healthy, hung])).toEqual({
    state: 'degraded',
    reason: '1 of 2 instances do not answer: GET /health did not answer within 5 s',
  })
  expect(seeInstances([hung]).state).toBe('down')
  expect(seeInstances([{ state: 'backoff', reason: null }]).reason).toBe(
    'its instance does not answer: it is backoff',
  )
})

test('what is not known is unknown: no answer of the host, and a service that is stopped', () => {
  expect(seeInstances(null).state).toBe('unknown')
  expect(seeInstances([{ state: 'stopped', reason: 'ended' }]).state).toBe('unknown')
  expect(seeInstances([{ state: 'stopping', reason: null }, healthy]).state).toBe('up')
})

test('a state counts once it has lasted: a restart of a few seconds raises nothing', () => {
  const look = (states: (readonly [number, readonly (typeof healthy | typeof hung)[]])[]) =>
    states.reduce<Reachable | undefined>(
      (before, [at, instances]) => addSeen(before, seeInstances(instances), at * 1000),
      undefined,
    )!
  expect(look([[0, [healthy]]]).said).toBe('up')
  expect(look([[0, [hung]]]).said).toBeNull()
  expect(
    look([
      [0, [healthy]],
      [2, [hung]],
      [16, [hung]],
    ]).said,
  ).toBe('up')
  expect(
    look([
      [0, [healthy]],
      [2, [hung]],
      [17, [hung]],
    ]).said,
  ).toBe('down')
  expect(
    look([
      [0, [healthy]],
      [2, [hung]],
      [12, [healthy]],
      [20, [hung]],
    ]).said,
  ).toBe('up')
  const ill: [number, (typeof hung)[]][] = [
    [0, [hung]],
    [15, [hung]],
  ]
  expect(look([...ill, [16, [healthy]], [20, [healthy]]]).said).toBe('down')
  expect(look([...ill, [16, [healthy]], [21, [healthy]]]).said).toBe('up')
})
