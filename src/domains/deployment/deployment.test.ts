import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  admitDelivery,
  findRollbackTarget,
  judgeWatch,
  restartsOf,
  type PastDeployment,
  admitConfiguration,
} from './deployment.ts'
import { choosePort } from './host-target.ts'

const past = (over: Partial<PastDeployment>): PastDeployment => ({
  id: 1,
  state: 'replaced',
  release: 1,
  sha: 'a',
  live: '2026-01-01T00:00:00.000Z',
  target: { kind: 'process' },
  artifactKept: true,
  isProven: true,
  isCompatible: true,
  ...over,
})

describe('admitDelivery', () => {
  test('the first delivery goes', () => {
    expect(admitDelivery(1, { live: null, heldIn: null })).toEqual({ go: true })
  })

  test('of any two runs the older never replaces the newer', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), (mine, live) => {
        const answer = admitDelivery(mine, {
          live: { id: 1, run: live, configuration: 0 },
          heldIn: null,
        })
        expect(answer.go).toBe(mine >= live)
      }),
    )
  })

  test('a held change does not go, and says how to deliver it again', () => {
    expect(admitDelivery(5, { live: null, heldIn: 'dev' })).toEqual({
      go: false,
      state: 'failed',
      reason: 'the change was rolled back from dev; retry the run to deploy it again',
    })
  })
})

describe('findRollbackTarget', () => {
  test('returns to the newest release that was replaced in good order', () => {
    const history = [
      past({ id: 3, state: 'live', release: 3 }),
      past({ id: 2, release: 2 }),
      past({ id: 1, release: 1 }),
    ]
    expect(findRollbackTarget(history, [])).toEqual({ to: 2 })
  })

  test('skips deployments that were rolled back, are held, or have the live release', () => {
    const history = [
      past({ id: 5, state: 'live', release: 1, sha: 'a' }),
      past({ id: 4, state: 'rolled_back', release: 4, sha: 'd' }),
      past({ id: 3, release: 3, sha: 'held' }),
      past({ id: 2, release: 1, sha: 'a' }),
      past({ id: 1, release: 9, sha: 'z' }),
    ]
    expect(findRollbackTarget(history, ['held'])).toEqual({ to: 1 })
  })

  test('prefers the newest proven release, and returns to another one without it', () => {
    const history = [
      past({ id: 4, state: 'live', release: 4, isProven: false }),
      past({ id: 3, release: 3, isProven: false }),
      past({ id: 2, release: 2 }),
      past({ id: 1, release: 1 }),
    ]
    expect(findRollbackTarget(history, [])).toEqual({ to: 2 })
    expect(findRollbackTarget(history, [], 3)).toEqual({ to: 3 })
    expect(findRollbackTarget(history, [], 9)).toEqual({ to: 2 })
    const unproven = history.map((one) => ({ ...one, isProven: false }))
    expect(findRollbackTarget(unproven, [])).toEqual({ to: 3 })
    const gone = history.map((one) => ({ ...one, artifactKept: one.id > 2 }))
    expect(findRollbackTarget(gone, [])).toEqual({ to: 3 })
  })

  test('prefers a release that works with what ran before later ones', () => {
    const history = [
      past({ id: 4, state: 'live', release: 4 }),
      past({ id: 3, release: 3, isProven: false }),
      past({ id: 2, release: 2, isCompatible: false }),
    ]
    expect(findRollbackTarget(history, [])).toEqual({ to: 3 })
    expect(findRollbackTarget(history, [], 2)).toEqual({ to: 3 })
    const none = history.map((one) => ({ ...one, isCompatible: false }))
    expect(findRollbackTarget(none, [])).toEqual({ to: 2 })
  })

  test('never goes on to a later release that a rollback passed over', () => {
    const history = [
      past({ id: 5, state: 'live', release: 2 }),
      past({ id: 4, state: 'rolled_back', release: 4, isProven: false }),
      past({ id: 3, release: 3, isProven: false }),
      past({ id: 2, release: 2 }),
      past({ id: 1, release: 1, isProven: false }),
    ]
    expect(findRollbackTarget(history, [])).toEqual({ to: 1 })
  })

  test('reports why there is no earlier release', () => {
    expect(findRollbackTarget([], [])).toEqual({
      to: null,
      reason: 'nothing has been live here yet',
    })
    expect(findRollbackTarget([past({ state: 'live' })], [])).toEqual({
      to: null,
      reason: 'this is the first release that was live here',
    })
    const gone = [past({ id: 2, state: 'live', release: 2 }), past({ artifactKept: false })]
    expect(findRollbackTarget(gone, [])).toEqual({
      to: null,
      reason: 'the artifacts of the earlier releases were removed',
    })
  })
})

describe('judgeWatch', () => {
  const ready = (...restarts: number[]) => ({
    ...{ state: 'ready' as const, reason: null },
    instances: restarts.map((count, index) => ({
      ...{ service: 'web', index, restarts: count, reason: `exit ${index}` },
    })),
  })

  test('no answer is no reason to take a release back', () => {
    expect(judgeWatch(null, {}).takeBack).toBe(false)
  })

  test('a failed release, and one that keeps crashing, is taken back with its reason', () => {
    expect(judgeWatch({ state: 'failed', reason: 'exit 1', instances: [] }, {})).toEqual({
      takeBack: true,
      reason: 'exit 1',
    })
    expect(judgeWatch(ready(1, 3), {})).toEqual({
      takeBack: true,
      reason: 'it crashed 3 times: exit 1',
    })
    expect(judgeWatch(ready(1, 2), {}).takeBack).toBe(false)
  })

  test('restarts from before the watch do not count', () => {
    expect(judgeWatch(ready(5, 2), restartsOf(ready(5, 0))).takeBack).toBe(false)
    expect(judgeWatch(ready(5, 3), restartsOf(ready(5, 0)))).toEqual({
      takeBack: true,
      reason: 'it crashed 3 times: exit 1',
    })
    expect(judgeWatch(ready(8, 0), restartsOf(ready(5, 0)))).toMatchObject({
      reason: 'it crashed 3 times: exit 0',
    })
  })
})

test('choosePort returns a free port', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 4481, max: 4490 })), (taken) => {
      const port = choosePort(4480, taken)
      expect(taken).not.toContain(port)
      expect(port).toBeGreaterThan(4480)
    }),
  )
})

test.each([
  [null, true, ''],
  [{ run: 5, configuration: 2 }, true, ''],
  // The newer change has the configuration, or not yet.
  [{ run: 6, configuration: 3 }, false, 'run 6 is already live with the new configuration'],
  [{ run: 6, configuration: 2 }, false, 'run 6 is live now, and gets the new configuration next'],
  // The change of run 5 was rolled back, and must not return with the configuration.
  [{ run: 4, configuration: 1 }, false, 'run 4 is live now, and gets the new configuration next'],
])('a configuration planned for run 5, when %j is live', (live, go, reason) => {
  const answer = admitConfiguration(
    { run: 5, configuration: 3 },
    { live: live && { id: 9, ...live } },
  )
  expect(answer).toEqual(go ? { go } : { go, state: 'superseded', reason })
})
