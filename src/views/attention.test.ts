import { expect, test } from 'vitest'
import type { Run } from '#contract/run/run.ts'
import type { PullRequest } from '#contract/pull-request/pull-request.ts'
import { type AppSituation, attentionOf, type ObservedEnvironment } from './attention.ts'

const now = Date.parse('2026-11-23T12:00:00Z')
const time = '2026-11-23T10:00:00Z'

const live = (run: number): ObservedEnvironment['live'] => ({
  ...{ id: run * 10, release: run, target: { kind: 'process' }, run, sha: `sha${run}` },
  ...{ subject: `Change ${run}`, since: time },
})
const environment = (
  name: string,
  more: Partial<ObservedEnvironment> = {},
): ObservedEnvironment => ({
  ...{ app: 'shop', name, position: 0, isInFile: true, port: null, live: live(1), pending: null },
  ...{ last: null, health: 'healthy', instances: [], portProblem: null, hasCrashLoop: false },
  ...{ notReturning: [], pulled: [], expired: [], domains: [] },
  drift: null,
  ...more,
})
const run = (id: number, state: Run['state']): Run =>
  ({
    id,
    state,
    reason: 'step test exited with 1',
    ended: time,
    change: { sha: 's', subject: 'X' },
  }) as Run
const situation = (more: Partial<AppSituation>): AppSituation => ({
  ...{ app: 'shop', problem: null, environments: [], run: null, forks: [], ...more },
})
const pending = (more: object): ObservedEnvironment['pending'] => ({
  ...{ id: 20, run: 2, kind: 'delivery', state: 'waiting', sha: 'sha2', subject: 'Two' },
  ...{ reason: null, blocked: null, since: time, canary: null, ...more },
})
const canary = (state: 'running' | 'waiting', minutes: number) =>
  pending({ state: 'canary', canary: { state, started: time, most: minutes * 60_000 } })
const kinds = (...apps: Partial<AppSituation>[]): string[] =>
  attentionOf(apps.map(situation), now).map(({ kind }) => kind)

test('production that is down comes first, then decisions, then failures', () => {
  const fork = { number: 3, fork: 'm/shop', title: 'Y', active: time, reason: null } as PullRequest
  expect(
    kinds(
      { app: 'a', run: run(2, 'failed') },
      { app: 'b', forks: [fork] },
      {
        app: 'c',
        environments: [environment('dev', { health: 'unhealthy' }), environment('prod')],
      },
      {
        app: 'd',
        environments: [environment('prod', { pending: pending({ blocked: 'approval' }) })],
      },
      { app: 'e', environments: [environment('prod', { pending: canary('waiting', 30) })] },
      {
        app: 'f',
        environments: [environment('dev'), environment('prod', { health: 'unhealthy' })],
      },
    ),
  ).toEqual([
    'production_down',
    'canary_undecided',
    'approval',
    'fork',
    'run_failed',
    'environment_down',
  ])
})

test('what has waited longer comes first among equals', () => {
  const waiting = (since: string) => [
    environment('prod', { pending: pending({ blocked: 'approval', since }) }),
  ]
  const items = attentionOf(
    [
      situation({ app: 'late', environments: waiting('2026-11-23T11:00:00Z') }),
      situation({ app: 'early', environments: waiting('2026-11-22T11:00:00Z') }),
    ],
    now,
  )
  expect(items.map(({ app }) => app)).toEqual(['early', 'late'])
})

test('a canary needs a person when it waits for one, or when its time is up', () => {
  const of = (one: ObservedEnvironment['pending']) =>
    kinds({ environments: [environment('prod', { pending: one })] })
  expect(of(canary('running', 180))).toEqual([])
  expect(of(canary('running', 60))).toEqual(['canary_undecided'])
  expect(of(canary('waiting', 180))).toEqual(['canary_undecided'])
})

test('a freeze ends by itself, and needs nobody', () => {
  const frozen = environment('prod', { pending: pending({ blocked: 'freeze' }) })
  expect(kinds({ environments: [frozen] })).toEqual([])
})

test('a change that was rolled back is shown until a newer run begins or is live', () => {
  const last = {
    ...{ id: 20, run: 2, state: 'rolled_back' as const, sha: 's', subject: 'Two' },
    ...{ reason: 'it crashed', ended: time },
  }
  const of = (begun: number, liveRun: number) =>
    kinds({
      environments: [environment('prod', { last, live: live(liveRun) })],
      run: run(begun, 'succeeded'),
    })
  expect(of(2, 1)).toEqual(['production_failed'])
  expect(of(3, 1)).toEqual([])
  expect(of(2, 3)).toEqual([])
})

test('a run that failed in an environment is reported once', () => {
  const last = {
    ...{ id: 20, run: 2, state: 'failed' as const, sha: 's', subject: 'Two' },
    ...{ reason: 'the verification failed', ended: time },
  }
  const [item, ...others] = attentionOf(
    [situation({ environments: [environment('prod', { last })], run: run(2, 'failed') })],
    now,
  )
  expect(others).toEqual([])
  expect(item).toMatchObject({ kind: 'production_failed', title: '“Two” failed in prod', run: 2 })
})

test('a crash loop stands for the state of its environment', () => {
  const looping = environment('prod', { health: 'unhealthy', hasCrashLoop: true })
  expect(kinds({ environments: [looping] })).toEqual([])
})

test('says whether an environment is down or unhealthy, and why', () => {
  const instance = (index: number, state: 'healthy' | 'backoff') => ({
    ...{ service: 'web', index, state, restarts: index * 4, isLooping: false },
  })
  const of = (...instances: ObservedEnvironment['instances']) =>
    attentionOf(
      [situation({ environments: [environment('prod', { health: 'unhealthy', instances })] })],
      now,
    )[0]
  expect(of(instance(0, 'backoff'))?.title).toBe('prod is down')
  expect(of(instance(0, 'healthy'), instance(1, 'backoff'))).toMatchObject({
    title: 'prod is unhealthy',
    reason: '1 of 2 instances is not healthy (web 1: backoff, 4 restarts)',
  })
})

test('a service that would not come back needs a person before that is an outage', () => {
  const notReturning = [{ service: 'redis', reason: 'it would be a replica', since: time }]
  const environments = [environment('prod', { notReturning })]
  expect(attentionOf([situation({ environments })], now)).toMatchObject([
    {
      ...{ kind: 'would_not_return', environment: 'prod', since: time },
      title: 'redis in prod would not come back after a restart',
      reason: 'it would be a replica',
    },
  ])
})

test('what differs from what is declared needs a person', () => {
  const drift = { count: 3, atRestart: 1, first: 'redis file redis.conf', since: time }
  expect(attentionOf([situation({ environments: [environment('prod', { drift })] })], now)).toEqual(
    [
      expect.objectContaining({
        ...{ kind: 'drift', environment: 'prod', since: time },
        title: 'prod differs from what is declared',
        reason: 'redis file redis.conf, and 2 more; the next restart would change what runs',
      }),
    ],
  )
})

test('a switch that a monitor turned off needs a person, and one that has expired', () => {
  const pulled = [{ name: 'recharge', by: 'charged-twice', reason: '2 rows break it', since: time }]
  const expired = [{ name: 'checkout', expires: '2026-01-31' }]
  const environments = [environment('dev', { expired }), environment('prod', { pulled, expired })]
  expect(attentionOf([situation({ environments })], now)).toMatchObject([
    {
      ...{ kind: 'switch_pulled', environment: 'prod', since: time },
      title: 'The switch recharge is off in prod',
      reason: 'the monitor charged-twice turned it off: 2 rows break it',
    },
    { kind: 'switch_expired', environment: 'prod', title: 'The switch checkout has expired' },
  ])
})
