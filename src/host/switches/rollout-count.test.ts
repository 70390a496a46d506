import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { addTallies, decideRollout } from '../../domains/switch/rollout.ts'
import { riseEvidence } from '../../domains/verdict/statistics/errors.ts'
import { generator } from '../../../test/support/generator.ts'
import { isLong } from '../../../test/support/scale.ts'
import { isInFirstShare } from '#platform/switch/evaluate.ts'
import { RolloutCounts } from './rollout-count.ts'

const key = { header: 'X-User' }
const setting = (percent: number, rollout: object = { id: 'r1', key }) => ({
  ...{ app: 'shop', environment: 'production', name: 'checkout' },
  setting: {
    ...{ serve: { variant: 'off' }, keys: { eve: { variant: 'on' } } },
    split: [{ percent, serve: { variant: 'on' } }],
  },
  rollout: rollout as { id: string; key: { header?: string; cookie?: string } },
})
const place = 'shop/production'
const ask = (counts: RolloutCounts, user: string, hasFailed: boolean): void =>
  counts.begin(place, (name) => (name === 'x-user' ? user : ''))?.end(hasFailed)

test('a key counts once for each share, and as failed once in all', () => {
  const counts = new RolloutCounts('/nowhere')
  expect(counts.begin(place, () => 'ada')).toBeNull()
  counts.set([setting(30)])
  for (const user of ['ada', 'ada', 'bob', '', 'eve', 'a'.repeat(201)]) ask(counts, user, false)
  for (let i = 0; i < 3; i += 1) ask(counts, 'ada', true)
  // The number of `ada` is 2392, and that of `bob` 6832.
  const first = { percent: 30, on: { keys: 1, failed: 1 }, off: { keys: 1, failed: 0 } }
  expect(counts.report()).toEqual([{ id: 'r1', tallies: [first] }])
  counts.set([setting(70)])
  for (const user of ['ada', 'bob', 'bob']) ask(counts, user, true)
  expect(counts.report()[0]?.tallies).toEqual([
    first,
    { percent: 70, on: { keys: 1, failed: 1 }, off: { keys: 0, failed: 0 } },
  ])
  counts.set([{ ...setting(70), rollout: undefined }])
  expect(counts.report()).toEqual([])
})

test('the key is in a cookie, and the counts survive the process', () => {
  const folder = mkdtempSync(join(tmpdir(), 'fairlead-rollout-'))
  const file = join(folder, 'rollouts.json')
  const byCookie = setting(30, { id: 'r2', key: { cookie: 'user' } })
  const start = (): RolloutCounts => {
    const counts = new RolloutCounts(file)
    counts.set([byCookie])
    return counts
  }
  const fail = (counts: RolloutCounts): void =>
    counts.begin(place, (name) => (name === 'cookie' ? 'a=1; user=ada' : ''))?.end(true)
  const first = start()
  fail(first)
  first.save((path, text) => writeFileSync(path, text))
  const next = start()
  fail(next)
  expect(next.report()[0]?.tallies[0]?.on).toEqual({ keys: 1, failed: 1 })
  rmSync(folder, { recursive: true })
})

/** A gradual change among users who come again and again; whether it was taken back. */
function simulate(random: () => number, failing: (isOn: boolean, user: number) => number) {
  const counts = new RolloutCounts('/nowhere')
  const steps = [5, 25, 50]
  for (const percent of steps) {
    const now = setting(percent)
    counts.set([now])
    for (let i = 0; i < 1200; i += 1) {
      const user = Math.floor(random() * 600)
      const isOn = isInFirstShare('checkout', now.setting, `${random.name}${user}`) === true
      ask(counts, `${random.name}${user}`, random() < failing(isOn, user))
      if (i % 100 !== 0) continue
      const tallies = addTallies(counts.report().flatMap((one) => one.tallies))
      const evidence = Math.exp(
        riseEvidence(
          tallies.map(({ percent: share, on, off }) => ({
            ...{ share: share / 100, requests: { baseline: off.keys, canary: on.keys } },
            errors: { baseline: off.failed, canary: on.failed },
          })),
          1.1,
        ),
      )
      const facts = { steps, step: 0, elapsed: 0, every: 1, alpha: 0.05, to: 'on' }
      if (decideRollout({ ...facts, tallies, evidence }).do === 'take back') return true
    }
  }
  return false
}

test('harm is found, and users who always fail are no harm of the value', () => {
  const named = (seed: number): (() => number) =>
    Object.defineProperty(generator(seed), 'name', { value: `run${seed}-` })
  const runs = Array.from({ length: isLong ? 200 : 12 }, (_, seed) => seed + 1)
  // One user of twenty fails in every second request, whatever is served.
  const usual = (_isOn: boolean, user: number): number => (user % 20 === 0 ? 0.5 : 0.002)
  const falseAlarms = runs.filter((seed) => simulate(named(seed), usual)).length
  // 5 % are expected at most; the limits are exceeded by chance once in a thousand times.
  expect(falseAlarms).toBeLessThanOrEqual(isLong ? 20 : 4)
  const harmful = (isOn: boolean, user: number): number => usual(isOn, user) + (isOn ? 0.1 : 0)
  expect(runs.slice(0, isLong ? 50 : 4).every((seed) => simulate(named(seed), harmful))).toBe(true)
})
