import { expect, test } from 'vitest'
import type { AppSummary, Attention, EnvironmentSummary, Home } from '#contract/home/home.ts'
import { columnsOf, groupOf, headline, pendingBadge, runBadge } from './overview.ts'

const environment = (name: string, more: Partial<EnvironmentSummary> = {}): EnvironmentSummary => ({
  ...{ name, health: 'healthy', url: null, sha: 'abc', subject: 'Begin' },
  ...{ live: '2026-11-23T10:00:00Z', pending: null, ...more },
})
const pending = (
  state: 'waiting' | 'starting',
  blocked: 'approval' | 'freeze' | null,
): EnvironmentSummary['pending'] => ({
  ...{ id: 9, run: 2, state, blocked, sha: 'def', since: '2026-11-23T10:00:00Z' },
})
const app = (
  environments: EnvironmentSummary[],
  state: NonNullable<AppSummary['run']>['state'] = 'succeeded',
): AppSummary => ({
  ...{ name: 'shop', branch: 'main', environments, openPullRequests: 0 },
  run: {
    ...{ id: 2, state, sha: 'def', subject: 'Two', created: '2026-11-23T10:00:00Z' },
    ...{ started: null, ended: null, isBuilt: true },
  },
})
const attention = (kind: Attention['kind'], of = 'shop'): Attention => ({
  ...{ kind, app: of, environment: null, run: null, deployment: null, pullRequest: null },
  ...{ sha: null, title: '', reason: '', since: null, incident: null, refusal: null },
})
const home = (apps: AppSummary[], needed: Attention[] = []): Home => ({
  ...{ incidents: [], crashLoops: [], attention: needed, apps, runs: [] },
})

test('a deployment that waits for a person is neither on its way nor well', () => {
  const waiting = app([environment('production', { pending: pending('waiting', 'approval') })])
  waiting.run!.state = 'running'
  expect(runBadge(waiting)).toEqual({ tone: 'wait', word: 'Waiting' })
  expect(pendingBadge(pending('waiting', 'approval')!).word).toBe('Waiting for approval')
  expect(groupOf(waiting, new Set())).toBe('waiting')
  expect(headline(home([waiting], [attention('approval')]))).toEqual({
    ...{ tone: 'warn', text: 'shop needs attention' },
  })
  const frozen = app(
    [environment('production', { pending: pending('waiting', 'freeze') })],
    'running',
  )
  expect(headline(home([frozen]))).toEqual({ tone: 'wait', text: 'A change waits' })
})

test('the headline is about the worst', () => {
  const well = app([environment('production')])
  const moving = app([environment('production', { pending: pending('starting', null) })], 'running')
  expect(headline(home([well]))).toEqual({ tone: 'good', text: 'All is well' })
  expect(headline(home([moving])).tone).toBe('move')
  expect(headline(home([moving], [attention('run_failed', 'a'), attention('fork', 'b')]))).toEqual({
    ...{ tone: 'bad', text: '2 apps need attention' },
  })
  expect(headline(home([app([environment('production', { live: null })])])).tone).toBe('none')
})

test('each environment has one column, in the order of its apps', () => {
  const of = (...names: string[]) => ({ environments: names.map((name) => environment(name)) })
  const apps = [of('staging', 'production'), of('production'), of('dev', 'production'), of('live')]
  expect(columnsOf(apps)).toEqual({
    ...{ columns: ['staging', 'dev', 'production', 'live'], rest: false },
  })
  const many = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => of(name, 'production'))
  expect(columnsOf(many)).toMatchObject({ rest: true })
  expect(columnsOf(many).columns).toHaveLength(5)
  expect(columnsOf(many).columns).toContain('production')
})
