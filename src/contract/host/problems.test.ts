import { expect, test } from 'vitest'
import type { Host } from './host.ts'
import { hostProblems } from './problems.ts'

const status: NonNullable<Host['status']> = {
  ...{ version: '0.1.0', started: '2026-11-30T10:00:00Z', clock: 0.4, releases: [] },
  disk: { free: 20e9, total: 40e9 },
}
const host: Host = {
  ...{ name: 'web-1', destination: 'deploy@10.0.0.5', address: '10.0.0.5', labels: [] },
  ...{ fingerprint: null, folder: '/home/deploy/.fairlead-host', settings: {} },
  ...{
    state: 'connected',
    reason: null,
    since: '2026-11-30T10:00:00Z',
    drained: null,
    isOutdated: false,
    behind: [],
    status,
  },
}
const texts = (more: Partial<Host>): string[] =>
  hostProblems({ ...host, ...more }).map(({ isBad, text }) => `${isBad ? 'bad' : 'note'}: ${text}`)

test('what is wrong with a host is named, and what to do about it', () => {
  expect(texts({})).toEqual([])
  const reason = 'SSH did not connect to deploy@10.0.0.5'
  expect(texts({ state: 'unreachable', reason, status: null })).toEqual([`bad: ${reason}`])
  expect(texts({ status: null })).toEqual(['bad: the host does not answer'])
  expect(texts({ state: 'connecting', status: null })).toEqual(['note: it is connecting'])
  const isFull = { free: 499e6, total: 40e9 }
  expect(texts({ isOutdated: true, status: { ...status, clock: -1.5, disk: isFull } })).toEqual([
    'bad: its disk is almost full: 0.5 of 40.0 GB free',
    'note: its clock is 1.5 s behind that of the server',
    'note: it runs another version than the server: fairlead hosts upgrade web-1',
  ])
  expect(texts({ status: { ...status, disk: { free: 1.9e9, total: 40e9 } } })).toEqual([
    'note: its disk is almost full: 1.9 of 40.0 GB free',
  ])
  const place = { app: 'shop', environment: 'production', release: 14 }
  const behind = (why: string | null) => texts({ behind: [{ ...place, reason: why }] })
  const wanted =
    'bad: it does not serve release 14 of shop, which is live in production; ' +
    'Fairlead tries again each minute'
  expect(behind(null)).toEqual([wanted])
  expect(behind('web.0 exited with 1')).toEqual([`${wanted}: web.0 exited with 1`])
  expect(texts({ name: 'local', destination: null, isOutdated: true })).toEqual([
    'note: it runs another version than the server: fairlead host --upgrade',
  ])
})
