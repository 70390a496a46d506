import { expect, test } from 'vitest'
import type { HostReleaseStatus } from '#contract/host/release.ts'
import { createUsage, membersOf, readBusy, readProcess } from './usage.ts'

test('reads a process whose name has parentheses', () => {
  const rest = 'S 7 12 12 0 -1 0 0 0 0 0 30 20 5 1 20 0 1 0 99 1000000 2500 1'
  expect(readProcess(12, `12 (a ) b) ${rest}`)).toEqual({
    ...{ pid: 12, parent: 7, group: 12, ticks: 56, pages: 2500 },
  })
  expect(readProcess(12, '')).toBeNull()
})

test('a family is the group and everything that it started', () => {
  const of = (pid: number, parent: number, group: number) => ({
    pid,
    parent,
    group,
    ticks: 0,
    pages: 0,
  })
  const all = [of(30, 20, 30), of(10, 1, 10), of(20, 10, 20), of(11, 1, 10), of(40, 1, 40)]
  expect(
    membersOf(10, all)
      .map(({ pid }) => pid)
      .toSorted((a, b) => a - b),
  ).toEqual([10, 11, 20, 30])
})

test('the share of busy time excludes idle time and waiting for the disk', () => {
  expect(readBusy('cpu  10 0 5 80 5 0 0 0 0 0\ncpu0 1')).toEqual({ all: 100, busy: 15 })
  expect(readBusy('')).toBeNull()
})

test('measures this process and this machine', () => {
  const sample = createUsage('/')
  const release: HostReleaseStatus = {
    ...{ app: 'shop', environment: 'production', release: 4, artifact: '', state: 'ready' },
    ...{ reason: null, routed: true, crashes: 0, lastCrash: null, settleMs: 0 },
    instances: [
      {
        ...{ service: 'web', index: 0, state: 'healthy', pid: process.pid, port: null },
        ...{ started: null, restarts: 2, isLooping: false, reason: null },
      },
    ],
  }
  const releases = [release]
  expect(sample(releases, 0).instances[0]?.cpu).toBeNull()
  const { machine, instances } = sample(releases, 1000)
  expect(instances).toMatchObject([{ app: 'shop', service: 'web', restarts: 2 }])
  expect(instances[0]?.memory).toBeGreaterThan(1e7)
  expect(instances[0]?.descriptors).toBeGreaterThan(3)
  expect(machine.diskTotal).toBeGreaterThan(machine.disk)
  expect(machine.memoryTotal).toBeGreaterThan(machine.memory)
})
