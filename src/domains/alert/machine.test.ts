import { expect, test } from 'vitest'
import type { HostSecond } from '#contract/host/measurements.ts'
import { fullMachine } from './machine.ts'

const instance = (app: string, cpu: number, memory: number) => ({
  ...{ app, environment: 'production', release: 1, service: 'queue', index: 0 },
  ...{ cpu, memory, descriptors: 9, restarts: 0 },
})
const sample = (
  at: number,
  machine: object,
  instances = [instance('billing', 3, 9)],
): HostSecond => ({
  ...{ number: at, at, traffic: [] },
  usage: {
    machine: {
      ...{ cpu: 0.3, load: 1, memory: 40, memoryTotal: 100, disk: 50, diskTotal: 100 },
      ...machine,
    },
    instances,
  },
})

test('a machine that became full explains harm, with what used most of it', () => {
  const before = [sample(0, {}), sample(10_000, {})]
  const busy = [sample(200_000, { cpu: 1 }), sample(210_000, { cpu: 0.98 })]
  expect(fullMachine([...before, ...busy], 205_000)).toEqual({
    reason:
      'the machine was busy (99 %, 30 % before); queue of billing in production used most of it',
    most: expect.objectContaining({ app: 'billing', service: 'queue' }) as object,
  })
  expect(fullMachine([sample(200_000, { memory: 97 })], 205_000)?.reason).toMatch(
    /^the machine was out of memory \(97 %\); queue/,
  )
  expect(fullMachine([sample(200_000, { disk: 99 })], 205_000)).toEqual({
    ...{ reason: 'the machine had a full disk (99 %)', most: null },
  })
})

test('what was full before, a machine with room, and no measurements explain nothing', () => {
  expect(fullMachine([sample(0, { cpu: 1 }), sample(200_000, {})], 205_000)).toBeNull()
  expect(fullMachine([], 205_000)).toBeNull()
  const even = [instance('shop', 1, 1), instance('billing', 1, 1)]
  expect(fullMachine([sample(200_000, { cpu: 1 }, even)], 205_000)?.most).toBeNull()
})
