import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  behindOf,
  catchUpOf,
  effectOfDrain,
  type HeldRelease,
  leftOut,
  mergeCounts,
  mergeReports,
  switchProblem,
  totalOf,
} from './several-hosts.ts'
import { missingRelease, type ReleaseReport } from './target.ts'

const report = (change: Partial<ReleaseReport>): ReleaseReport => ({
  ...{ ...missingRelease, state: 'ready', settleMs: 5 },
  ...change,
})
const at = (host: string, answer: ReleaseReport | null) => ({ host, answer })

describe('a release on several hosts', () => {
  test('is as far as the host that is the furthest behind', () => {
    const states = (...all: ReleaseReport['state'][]) =>
      mergeReports(all.map((state, i) => at(`web-${i}`, report({ state }))))?.state
    expect(states('ready', 'ready')).toBe('ready')
    expect(states('ready', 'starting')).toBe('starting')
    expect(states('starting', 'missing', 'ready')).toBe('missing')
    expect(states('ready', 'failed', 'missing')).toBe('failed')
  })

  test('is not known before the switch while a host is away, and is afterwards', () => {
    expect(mergeReports([at('a', report({})), at('b', null)])).toBeNull()
    const live = mergeReports([at('a', report({ routed: true })), at('b', null)])
    expect(live).toMatchObject({ state: 'ready', routed: true })
    expect(mergeReports([at('a', null), at('b', null)])).toBeNull()
    const partly = [at('a', report({ routed: true })), at('b', report({}))]
    expect(mergeReports(partly)).toMatchObject({ routed: false })
  })

  test('names the host of a reason, and of each instance', () => {
    const instance = { service: 'web', index: 0, state: 'healthy', restarts: 0 } as const
    const merged = mergeReports([
      at('a', report({ instances: [instance as never] })),
      at('b', report({ state: 'failed', reason: 'web ended', crashes: 2, lastCrash: 'exit 1' })),
    ])
    expect(merged).toMatchObject({
      ...{ state: 'failed', reason: 'web ended (on b)', crashes: 2, lastCrash: 'exit 1 (on b)' },
      instances: [{ service: 'web', host: 'a' }],
    })
  })

  test('gets the traffic only when every host can give it', () => {
    expect(switchProblem([at('a', report({})), at('b', report({ routed: true }))])).toBeNull()
    expect(switchProblem([at('a', report({})), at('b', null)])).toBe('b does not answer')
    expect(switchProblem([at('a', report({ state: 'starting' }))])).toContain('is starting')
  })
})

describe('a host is left out', () => {
  const hosts = (...all: (number | null | 'drained')[]) =>
    all.map((one, i) => ({
      ...{ name: `web-${i}`, awayMs: one === 'drained' ? null : one, isDrained: one === 'drained' },
    }))

  test('when it is away for too long, but never all of them', () => {
    expect(leftOut(hosts(null, 900, 1000), 1000)).toEqual(['web-2'])
    expect(leftOut(hosts(2000, 1000), 1000)).toEqual([])
  })

  test('when it is drained, and then the others are waited for', () => {
    expect(leftOut(hosts('drained', null, 1000), 1000)).toEqual(['web-0', 'web-2'])
    expect(leftOut(hosts('drained', 2000), 1000)).toEqual(['web-0'])
  })
})

test('draining a host names what it leaves, and what nobody else would serve', () => {
  const place = (environment: string, ...hosts: string[]) => ({ app: 'shop', environment, hosts })
  const [shared, alone, apart] = [
    place('production', 'web-1', 'web-2', 'web-3'),
    place('staging', 'web-2'),
    place('test', 'web-3', 'web-1'),
  ]
  const all = [shared, alone, apart]
  expect(effectOfDrain('web-1', all, () => true)).toEqual({
    ...{ leaves: [shared, apart], unserved: [], stays: [] },
  })
  expect(effectOfDrain('web-2', all, () => true).stays).toEqual([alone])
  const isServing = (name: string) => name === 'web-2'
  expect(effectOfDrain('web-1', all, isServing).unserved).toEqual([apart])
  expect(effectOfDrain('web-2', all, isServing).unserved).toEqual([shared])
})

test('the counts of all edges are added, whatever the order', () => {
  const batch = (time: number) => ({ at: time }) as never
  const merged = mergeCounts([
    { host: 'a', batches: [batch(1), batch(5)], next: { '': 20 } },
    { host: 'b', batches: [batch(3)], pending: [batch(9)], next: { '': 7 } },
  ])
  expect(merged.batches.map((one) => one.at)).toEqual([1, 3, 5])
  expect(merged.pending).toHaveLength(1)
  expect(merged.next).toEqual({ a: 20, b: 7 })
  expect(totalOf(merged.next)).toBe(27)
})

/** A host that does what it is told while it is not away. */
class Machine {
  isAway = false
  held = new Map<number, string>()
  routed: number | null = null

  get status(): HeldRelease[] {
    return [...this.held].map(([release, state]) => ({
      ...{ release, state, routed: release === this.routed },
    }))
  }

  answer(release: number): ReleaseReport | null {
    if (this.isAway) return null
    const state = (this.held.get(release) ?? 'missing') as ReleaseReport['state']
    return report({ state, routed: this.routed === release })
  }

  catchUp(live: number | null): void {
    const todo = catchUpOf(live, this.status)
    if (todo === null) return
    if (todo.isRemoved) [this.held, this.routed] = [new Map(), null]
    if (todo.switchTo !== null) this.held.set(todo.switchTo, 'ready')
    if (live !== null) this.routed = live
    for (const release of todo.stop) this.held.set(release, 'stopped')
  }
}

test('no mixture is left once every host is back, whenever each of them vanished', () => {
  const moment = fc.constantFrom('start', 'switch', 'back', 'retire', 'never')
  const deployment = fc.array(moment, { minLength: 3, maxLength: 3 })
  fc.assert(
    fc.property(fc.array(deployment, { maxLength: 6 }), (deployments) => {
      const machines = [new Machine(), new Machine(), new Machine()]
      let live: number | null = null
      const vanish = (moments: string[], now: string): void =>
        machines.forEach((one, i) => (one.isAway ||= moments[i] === now))
      const there = (): Machine[] => machines.filter(({ isAway }) => !isAway)
      deployments.forEach((moments, index) => {
        const release = index + 1
        vanish(moments, 'start')
        const members = there()
        for (const one of members) one.held.set(release, 'ready')
        // The server looks, and then one vanishes in the middle of the switch.
        const problem = switchProblem(members.map((one) => at('web', one.answer(release))))
        if (problem !== null || members.length === 0) return
        vanish(moments, 'switch')
        const switched = members.filter(({ isAway }) => !isAway)
        for (const one of switched) one.routed = release
        if (switched.length === members.length) {
          vanish(moments, 'retire')
          for (const one of there())
            for (const held of one.held.keys()) if (held !== release) one.held.set(held, 'stopped')
          live = release
        } else {
          vanish(moments, 'back')
          for (const one of there()) [one.routed, one.held] = [live, new Map(one.held)]
        }
      })
      for (const one of machines) one.isAway = false
      for (const one of machines) one.catchUp(live)
      for (const { routed, held } of machines) {
        expect(routed).toBe(live)
        const running = [...held].filter(([, state]) => state === 'ready').map(([one]) => one)
        expect(running.filter((one) => one !== live && live !== null)).toEqual([])
      }
      for (const one of machines) expect(catchUpOf(live, one.status)).toBeNull()
    }),
  )
})

test('a host is behind where it should serve what is live and does not', () => {
  const place = { app: 'shop', environment: 'production' }
  const live = [{ ...place, release: 14, hosts: ['web-1', 'web-2'] }]
  const held = (release: number, routed: boolean) => [{ ...place, release, state: 'ready', routed }]
  expect(behindOf('web-1', live, held(14, true))).toEqual([])
  expect(behindOf('web-1', live, held(14, false))).toEqual(live)
  expect(behindOf('web-1', live, held(13, true))).toEqual(live)
  expect(behindOf('web-1', live, [])).toEqual(live)
  expect(behindOf('web-3', live, [])).toEqual([])
  const alone = [{ ...place, release: 14, hosts: ['web-1'] }]
  expect(behindOf('web-1', alone, [])).toEqual([])
})
