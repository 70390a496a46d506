import { expect, test } from 'vitest'
import { type Check, Checks, pauseAfter, resultOf } from './checks.ts'
import { createReach } from './reach.ts'
import type { Finding } from './monitor-kind.ts'

const one = (more: Partial<Check> = {}): Check => ({
  ...{ id: 1, every: 30_000, timeout: 1000, confirm: 3, needs: [] },
  ...more,
})
const settle = () => new Promise((resolve) => setImmediate(resolve))

/** Checks whose findings and clock the test sets. */
function simulated() {
  const state = { now: 0, findings: {} as Record<number, Finding['state']>, ran: [] as number[] }
  const checks = new Checks<Check>({
    check: async ({ id }) => {
      state.ran.push(id)
      return { state: state.findings[id] ?? 'up', reason: '' }
    },
    now: () => state.now,
    random: () => 0.5,
    parallel: 100,
  })
  const pass = async (ms: number): Promise<void> => {
    for (const end = state.now + ms; state.now < end; state.now += 250) {
      checks.tick()
      await settle()
    }
  }
  return { state, checks, pass }
}

test('a change is confirmed within seconds, and then checked at the interval', async () => {
  const { state, checks, pass } = simulated()
  checks.set([one()])
  await pass(120_000)
  expect(state.ran.length).toBeGreaterThanOrEqual(5)
  expect(state.ran.length).toBeLessThanOrEqual(7)
  state.findings[1] = 'down'
  state.ran.length = 0
  checks.hurry(() => true)
  await pass(20_000)
  // The first one, two right after it, and not another one for 30 s.
  expect(state.ran).toHaveLength(3)
  const [result] = checks.after(0)
  expect(result).toMatchObject({ state: 'down', streak: 3 })
  expect(result!.at - result!.since).toBeLessThanOrEqual(2500)
  expect(result!.before).toBeLessThan(result!.since)
})

test('a reason is one line that can be stored', () => {
  const finding = { state: 'down' as const, reason: 'it says a\0b\r\nc' }
  expect(resultOf(1, 1, { finding, before: null, at: 1, took: 1 }).reason).toBe('it says a b c')
})

test('a set that did not change keeps what is known; an edited check begins again', async () => {
  const { checks, pass } = simulated()
  checks.set([one(), one({ id: 2 })])
  await pass(5000)
  expect(checks.after(0).map(({ streak }) => streak)).toEqual([3, 3])
  checks.set([one(), one({ id: 2, every: 60_000 })])
  expect(checks.after(0).map(({ id }) => id)).toEqual([1])
  checks.set([])
  expect(checks.after(0)).toEqual([])
})

test('what a failed check needs is checked at once', async () => {
  const { state, checks, pass } = simulated()
  checks.set([one({ needs: [2] }), one({ id: 2 })])
  await pass(10_000)
  state.findings = { 1: 'down', 2: 'down' }
  checks.hurry(({ id }) => id === 1)
  state.ran.length = 0
  await pass(2000)
  expect(state.ran).toContain(2)
})

test('a check that hangs is over after its time, and others go on', async () => {
  const checks = new Checks<Check>({
    check: () => new Promise(() => undefined),
    now: () => Date.now(),
    random: () => 0,
    parallel: 1,
  })
  checks.set([one({ timeout: 20 })])
  checks.tick()
  await expect
    .poll(() => checks.after(0)[0], { interval: 5 })
    .toMatchObject({
      ...{ state: 'down', reason: 'it did not answer within 0.02 s' },
    })
})

test('5,000 checks at 30 s begin at moments of their own', async () => {
  const { state, checks, pass } = simulated()
  checks.set(Array.from({ length: 5000 }, (_, id) => one({ id, confirm: 1 })))
  await pass(60_000)
  expect(state.ran.length).toBeGreaterThan(8000)
  expect(state.ran.length).toBeLessThan(16_000)
})

test('a streak counts equal goodness, and unknown ones are repeated soon', () => {
  const of = (state: Finding['state'], before = null as ReturnType<typeof resultOf> | null) =>
    resultOf(1, 1, { finding: { state, reason: '' }, before, at: (before?.at ?? 0) + 10, took: 1 })
  const second = of('down', of('degraded', of('up')))
  expect(second).toMatchObject({ streak: 2, since: 20, before: 10, state: 'down' })
  expect(of('up', second)).toMatchObject({ streak: 1, since: 40, before: 30 })
  expect(pauseAfter(one(), { streak: 9, state: 'unknown' })).toBe(5000)
})

test('a prober is connected when something else answers', async () => {
  let now = 0
  const nothing = createReach({ references: () => ['127.0.0.1:9'], now: () => now })
  // A refused connection is an answer.
  expect(await nothing.isConnected()).toBe(true)
  const away = createReach({ references: () => ['nowhere.invalid:9'], now: () => now })
  expect(await away.isConnected()).toBe(false)
  away.answered()
  expect(await away.isConnected()).toBe(true)
  now = 60_000
  expect(await away.isConnected()).toBe(false)
})
