import { expect, test } from 'vitest'
import type { CheckResult } from '#contract/monitor/check.ts'
import { monitorFile } from '#contract/pipeline-file/monitor-file.ts'
import { type CheckedMonitor, judgeChecks, type Needed } from './judge.ts'
import { wantedMonitors } from './plan.ts'

const monitor = (more: Partial<CheckedMonitor> = {}): CheckedMonitor => ({
  ...{ id: 1, app: 'shop', environment: 'production', service: null, kind: 'http', name: 'home' },
  ...{ state: 'up', reason: '', firing: false, entities: [], hosts: [] },
  settings: {
    ...{ every: 30_000, timeout: 10_000, failures: 3, recoveries: 2, needs: [], maintenance: [] },
    check: '/',
  },
  ...more,
})
const result = (state: CheckResult['state'], more: Partial<CheckResult> = {}): CheckResult => ({
  ...{ id: 1, number: 1, at: 100_000, since: 98_000, before: 70_000, took: 3, entities: [] },
  ...{ state, reason: state === 'up' ? '' : 'it answers 500', streak: 3 },
  ...more,
})
const at = { maintenance: null, now: 100_000 }
const judge = (one: CheckedMonitor, found: CheckResult | null, needed: Needed[] = []) =>
  judgeChecks(one, found, needed, at)

test('changes in both directions need several checks', () => {
  expect(judge(monitor(), result('down', { streak: 2 }))).toBeNull()
  expect(judge(monitor(), result('down'))).toEqual({
    ...{ state: 'down', reason: 'it answers 500', entities: [] },
    onset: { from: 70_000, until: 98_000 },
  })
  const down = monitor({ state: 'down', firing: true })
  expect(judge(down, result('up', { streak: 1 }))).toBeNull()
  expect(judge(down, result('up', { streak: 2 }))?.state).toBe('up')
  // It was down before the host was away: the first check says so again.
  expect(
    judge(monitor({ state: 'unknown', firing: true }), result('down', { streak: 1 }))?.state,
  ).toBe('down')
})

test('missing data is unknown, and maintenance is neither up nor down', () => {
  expect(judge(monitor(), null)).toBeNull()
  expect(judge(monitor({ state: 'down', firing: true }), result('unknown'))?.state).toBe('unknown')
  const announced = { maintenance: 'new switches', now: 0 }
  expect(judgeChecks(monitor(), result('down'), [], announced)).toMatchObject({
    ...{ state: 'maintenance', reason: 'new switches' },
  })
})

test('a monitor whose need is down is unknown, and waits until the need was checked', () => {
  const need = (state: CheckedMonitor['state'], found: CheckResult | null): Needed[] => [
    { monitor: monitor({ id: 2, name: 'database', state }), result: found },
  ]
  expect(judge(monitor(), result('down'), need('down', result('down')))).toMatchObject({
    ...{ state: 'unknown', reason: 'it needs database, which is down' },
  })
  // The last check of the need is older than the failure, or its failure is not confirmed.
  expect(judge(monitor(), result('down'), need('up', result('up', { at: 90_000 })))).toBeNull()
  expect(judge(monitor(), result('down'), need('up', null))).toBeNull()
  expect(judge(monitor(), result('down'), need('up', result('down', { streak: 1 })))).toBeNull()
  expect(judge(monitor(), result('down'), need('up', result('up')))?.state).toBe('down')
  // A need that is never checked hides nothing for ever.
  const late = { maintenance: null, now: 98_000 + 60_000 + 33_001 }
  expect(judgeChecks(monitor(), result('down'), need('up', null), late)?.state).toBe('down')
  // What was down before its need goes on.
  const firing = monitor({ state: 'down', firing: true })
  expect(judge(firing, result('down'), need('down', result('down')))?.state).toBe('down')
})

test('an environment has the monitors that name it or none', () => {
  const definition = {
    monitors: {
      home: { ...monitorFile.parse({ http: '/', every: '30s' }) },
      jobs: { ...monitorFile.parse({ heartbeat: '1h', environments: ['production'] }) },
      later: { ...monitorFile.parse({}), kindOfANewerVersion: {} },
    },
  }
  const names = (environment: string) =>
    wantedMonitors({ app: 'shop', environment }, definition).map(({ name, kind }) => [name, kind])
  expect(names('production')).toEqual([
    ['home', 'http'],
    ['jobs', 'heartbeat'],
  ])
  expect(names('dev')).toEqual([['home', 'http']])
  expect(wantedMonitors({ app: 'shop', environment: 'dev' }, {})).toEqual([])
  expect(
    wantedMonitors({ app: 'shop', environment: 'dev' }, definition)[0]?.settings,
  ).toMatchObject({ every: 30_000, timeout: 10_000, failures: 3, recoveries: 2, check: '/' })
})
