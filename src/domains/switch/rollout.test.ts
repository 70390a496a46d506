import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { RolloutTally } from '#contract/switch/rollout.ts'
import { addTallies, decideRollout, type RolloutSituation } from './rollout.ts'

const tally = (percent: number, on: [number, number], off: [number, number]): RolloutTally => ({
  percent,
  on: { failed: on[0], keys: on[1] },
  off: { failed: off[0], keys: off[1] },
})
const situation = (more: Partial<RolloutSituation>): RolloutSituation => ({
  ...{ steps: [1, 10, 50], step: 1, elapsed: 700, every: 600, evidence: 1, alpha: 0.01 },
  ...{ to: 'new', tallies: [tally(10, [1, 120], [3, 1080])] },
  ...more,
})

test('a share grows after its time, and the last one is followed by everybody', () => {
  const reason = '1 of 120 keys with new had failed requests, and 3 of 1080 without it'
  expect(decideRollout(situation({ elapsed: 599 }))).toEqual({ do: 'go on' })
  expect(decideRollout(situation({}))).toEqual({ do: 'step', step: 2, reason })
  const last = { step: 2, tallies: [tally(50, [1, 120], [3, 1080])] }
  expect(decideRollout(situation(last))).toEqual({ do: 'finish', reason })
})

test('harm takes the value back at once, if enough keys fail', () => {
  const tallies = [tally(1, [2, 40], [1, 4000]), tally(10, [4, 120], [2, 1080])]
  expect(decideRollout(situation({ elapsed: 1, evidence: 100, tallies }))).toEqual({
    do: 'take back',
    reason: '6 of 160 keys with new had failed requests, and 3 of 5080 without it',
  })
  const few = [tally(1, [3, 40], [0, 4000])]
  expect(decideRollout(situation({ elapsed: 1, evidence: 1e6, tallies: few })).do).toBe('go on')
})

test('no data is no reason to go on, and neither are two groups that fail', () => {
  const none = decideRollout(situation({ tallies: [tally(1, [0, 50], [0, 50])] }))
  expect(none).toEqual({
    do: 'wait',
    reason: 'only 0 keys with new were seen at 10 %; 30 are needed',
  })
  const broken = decideRollout(situation({ tallies: [tally(10, [70, 120], [600, 1080])] }))
  expect(broken).toMatchObject({ do: 'wait', reason: expect.stringContaining('most keys fail') })
})

test('property: counts of hosts are added by share', () => {
  const one = fc.tuple(fc.constantFrom(1, 10, 50), fc.nat(99), fc.nat(99))
  fc.assert(
    fc.property(fc.array(one), (drawn) => {
      const all = drawn.map(([percent, on, off]) => tally(percent, [on, on], [off, off]))
      const added = addTallies(all)
      const total = (list: RolloutTally[]): number =>
        list.reduce((sum, { on, off }) => sum + on.keys + off.failed, 0)
      expect(total(added)).toBe(total(all))
      expect(new Set(added.map(({ percent }) => percent)).size).toBe(added.length)
    }),
  )
})
