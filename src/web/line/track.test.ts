import { describe, expect, test } from 'vitest'
import type { Environment, Line } from '#contract/environment/environment.ts'
import type { Deployment } from '#contract/run/run.ts'
import { trackOf } from './track.ts'

type LineRun = Line['runs'][number]
const time = '2026-11-23T10:00:00.000Z'

const changeOf = (id: number) => ({
  app: 'prepaid',
  sha: String(id).repeat(40).slice(0, 40),
  base: null,
  branch: 'main',
  subject: `Change ${id}`,
  author: { name: 'Ada', email: 'ada@example.com' },
  committed: time,
  received: time,
  chain: `c-${id}`,
})

const deployment = (
  run: number,
  environment: string,
  state: Deployment['state'],
  more: Partial<Deployment> = {},
): Deployment => ({
  id: run * 10 + ['dev', 'production'].indexOf(environment),
  app: 'prepaid',
  environment,
  kind: 'delivery',
  state,
  reason: null,
  run,
  release: run,
  artifact: 'sha256:0',
  configuration: 0,
  change: changeOf(run),
  actor: 'Ada',
  created: time,
  started: time,
  live: state === 'live' || state === 'rolled_back' ? time : null,
  ended: state === 'live' ? null : time,
  url: null,
  ...more,
})

const runOf = (
  id: number,
  state: LineRun['state'],
  deployments: Deployment[],
  more: Partial<LineRun> = {},
): LineRun => ({
  id,
  app: 'prepaid',
  state,
  reason: null,
  change: changeOf(id),
  created: time,
  started: time,
  ended: null,
  artifact: deployments.length > 0 ? 'sha256:0' : null,
  retryOf: null,
  pullRequest: null,
  isTrusted: true,
  trigger: 'push',
  deployments,
  ...more,
})

const environment = (
  name: string,
  current: Deployment | null,
  more: Partial<Environment> = {},
): Environment => ({
  app: 'prepaid',
  name,
  position: 0,
  isInFile: true,
  change: { strategy: 'blue-green', needsPermission: false },
  hasMachines: false,
  target: { kind: 'process', title: 'Processes on this machine', capabilities: [] },
  urls: [],
  current,
  pending: [],
  isProven: null,
  rollback: { possible: false, reason: null, incompatible: null, to: null, isProven: null },
  health: current ? 'healthy' : 'empty',
  instances: [],
  certificates: [],
  configuration: 0,
  problem: null,
  held: [],
  ...more,
})

const line = (environments: Environment[], runs: LineRun[], name = 'prepaid'): Line => ({
  app: {
    name,
    repository: { kind: 'hosted' },
    branch: 'main',
    folder: '.',
    remote: '',
    created: time,
    problem: null,
  },
  environments,
  formerEnvironments: [],
  runs,
  latest: runs[0]?.change ?? null,
  pullRequests: { open: 0, previews: 0 },
})

const live = (run: number) => [
  deployment(run, 'dev', 'live'),
  deployment(run, 'production', 'live'),
]
const both = (
  run: number,
  dev: Partial<Environment> = {},
  production: Partial<Environment> = {},
) => {
  const [first, second] = live(run)
  return [
    environment('dev', first ?? null, dev),
    environment('production', second ?? null, production),
  ]
}

describe('a line', () => {
  test('is OK when all environments are healthy', () => {
    const track = trackOf(line(both(1), [runOf(1, 'succeeded', live(1), { ended: time })]))
    expect(track.summary).toEqual({ tone: 'good', word: 'OK' })
    expect(track.tokens.flat()).toEqual([])
    expect(track.notes).toEqual([])
  })

  test('is empty, not OK, before its first change', () => {
    expect(trackOf(line([], [])).summary.tone).toBe('none')
  })

  test('shows a change whose steps run, and the one queued behind it', () => {
    const track = trackOf(
      line(both(1), [
        runOf(3, 'queued', [], { started: null }),
        runOf(2, 'running', []),
        runOf(1, 'succeeded', live(1)),
      ]),
    )
    expect(track.steps.run?.id).toBe(2)
    expect(track.tokens[0]?.map((token) => token.badge.word)).toEqual(['Queued'])
    expect(track.summary).toEqual({ tone: 'move', word: '2 in progress' })
  })

  test('shows the progress of a change between two environments', () => {
    const at = (state: Deployment['state']) => {
      const pending = deployment(2, 'production', state)
      return (
        trackOf(line(both(1, {}, { pending: [pending] }), [runOf(2, 'running', [pending])]))
          .tokens[2]?.[0]?.at ?? -1
      )
    }
    const places = (['waiting', 'starting', 'verifying', 'switching'] as const).map(at)
    expect(places).toEqual(places.toSorted((a, b) => a - b))
    expect(new Set(places).size).toBe(4)
  })

  test('keeps showing a failed change and its reason until a newer one is live', () => {
    const failed = deployment(2, 'production', 'failed', {
      reason: 'the verification failed: exited with 7',
    })
    const lost = runOf(2, 'failed', [deployment(2, 'dev', 'live'), failed], { ended: time })
    const track = trackOf(line(both(1), [lost, runOf(1, 'succeeded', live(1))]))
    expect(track.tokens[2]?.[0]?.badge).toEqual({ tone: 'bad', word: 'Failed' })
    expect(track.notes[0]?.text).toBe(
      '“Change 2” failed in production: the verification failed: exited with 7.',
    )
    const later = trackOf(line(both(3), [runOf(3, 'succeeded', live(3)), lost]))
    expect(later.summary.tone).toBe('good')
  })

  test('shows a change that was rolled back as held', () => {
    const back = deployment(2, 'production', 'rolled_back', { reason: 'it crashed 3 times' })
    const held = {
      held: [changeOf(2).sha],
      current: deployment(1, 'production', 'live', { id: 99, kind: 'rollback' }),
    }
    const track = trackOf(
      line(both(1, {}, held), [
        runOf(2, 'succeeded', [deployment(2, 'dev', 'live'), back], { ended: time }),
      ]),
    )
    expect(track.summary).toEqual({ tone: 'back', word: 'Held in production' })
    expect(track.notes[0]?.text).toBe(
      '“Change 2” was rolled back from production and is held: it crashed 3 times.',
    )
  })

  test('is unknown when the state of an environment is unknown', () => {
    const track = trackOf(line(both(1, { health: 'unknown' }), [runOf(1, 'succeeded', live(1))]))
    expect(track.summary).toEqual({ tone: 'unknown', word: 'Unknown in dev' })
  })

  test('a change that only waits is not in progress', () => {
    const waiting = deployment(2, 'production', 'waiting', { ended: null })
    const track = trackOf(
      line(
        [
          environment('dev', deployment(2, 'dev', 'live')),
          environment('production', deployment(1, 'production', 'live'), { pending: [waiting] }),
        ],
        [runOf(2, 'running', [deployment(2, 'dev', 'live'), waiting])],
      ),
    )
    expect(track.summary).toEqual({ tone: 'wait', word: 'Waiting' })
  })
})
