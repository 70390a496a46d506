import { expect, test } from 'vitest'
import { judgeSettling, settleLimits } from './settle.ts'
import type { InstanceReport } from './target.ts'

test.each([
  ['a service with traffic', undefined, true, { least: 20, most: 10_000 }],
  ['a worker', undefined, false, { least: 2000, most: 10_000 }],
  ['a service with a value of its own', 30_000, true, { least: 30_000, most: 30_000 }],
  ['a worker that shall not settle', 0, false, { least: 0, most: 0 }],
])('the settling time of %s has limits', (_name, own, hasTraffic, limits) => {
  expect(settleLimits(own, hasTraffic, 1000)).toEqual(limits)
})

test('a long setting of the server is also the longest time', () => {
  expect(settleLimits(undefined, false, 60_000)).toEqual({ least: 120_000, most: 120_000 })
})

const instance = { service: 'web', state: 'healthy', reason: null } as InstanceReport
const up = { state: 'ready' as const, reason: null, crashes: 0, lastCrash: null }

test('a release that failed, crashed or is unhealthy does not stay up', () => {
  expect(judgeSettling({ ...up, instances: [instance] })).toBeNull()
  expect(judgeSettling({ ...up, state: 'missing', instances: [] })).toBeNull()
  const crashed = { ...up, crashes: 1, lastCrash: 'web exited with 1', instances: [instance] }
  expect(judgeSettling(crashed)).toBe('web exited with 1')
  expect(judgeSettling({ ...crashed, state: 'failed', reason: 'no' })).toBe('no')
  const sick = { ...instance, state: 'unhealthy' as const, reason: '/ answered 500' }
  expect(judgeSettling({ ...up, instances: [instance, sick] })).toBe(
    'web is unhealthy: / answered 500',
  )
})
