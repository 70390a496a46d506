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
  ...{ last: null, health: 'healthy', instances: [], portProblem: null, hasIncident: false },
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

test('an open incident stands for the state of its environment', () => {
  const looping = environment('prod', { health: 'unhealthy', hasIncident: true })
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
