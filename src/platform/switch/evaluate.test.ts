import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { SwitchDefinition, SwitchSetting } from '#contract/switch/switch.ts'
import { switchSetting } from '#contract/switch/switch.ts'
import { bucketOf, evaluate } from './evaluate.ts'

const boolean: SwitchDefinition = {
  ...{ type: 'boolean', default: { variant: 'on' } },
  variants: { on: true, off: false },
}
const set = (more: Partial<SwitchSetting>): SwitchSetting => ({
  ...{ serve: { variant: 'off' }, split: [], keys: {} },
  ...more,
})
const share = (percent: number): SwitchSetting =>
  set({ split: [{ percent, serve: { variant: 'on' } }] })
const isOn = (setting: SwitchSetting, key: string): boolean =>
  evaluate('checkout', { definition: boolean, setting }, key).value === true

// Implementations in other languages must give the same numbers; docs/switches.md lists them.
test('a key has a stated bucket', () => {
  expect(['ada', 'bob', 'éva', '', '42'].map((key) => [key, bucketOf('checkout', key)])).toEqual([
    ['ada', 2392],
    ['bob', 6832],
    ['éva', 4067],
    ['', 6501],
    ['42', 2980],
  ])
})

test('serves the default until it is set, then what it is set to', () => {
  expect(evaluate('checkout', { definition: boolean, setting: null }, 'ada')).toEqual({
    ...{ value: true, variant: 'on', reason: 'STATIC' },
  })
  expect(evaluate('checkout', { definition: boolean, setting: set({}) }, null)).toEqual({
    ...{ value: false, variant: 'off', reason: 'STATIC' },
  })
})

test('a choice for one key comes before the shares', () => {
  const setting = {
    ...share(100),
    keys: { ada: { variant: 'off' }, __proto__x: { variant: 'on' } },
  }
  const state = { definition: boolean, setting }
  expect(evaluate('checkout', state, 'ada')).toMatchObject({
    ...{ value: false, reason: 'TARGETING_MATCH' },
  })
  expect(evaluate('checkout', state, 'bob')).toMatchObject({ value: true, reason: 'SPLIT' })
  expect(evaluate('checkout', state, 'toString')).toMatchObject({ reason: 'SPLIT' })
  // Without a key nobody can say which share it is.
  expect(evaluate('checkout', state, null)).toMatchObject({ value: false, reason: 'DEFAULT' })
})

test('a choice that the release does not have serves the default', () => {
  const definition: SwitchDefinition = { type: 'number', default: { value: 50 }, variants: {} }
  const at = (serve: SwitchSetting['serve']) =>
    evaluate('limit', { definition, setting: set({ serve }) }, null)
  expect(at({ value: 20 })).toMatchObject({ value: 20, variant: null, reason: 'STATIC' })
  expect(at({ value: 'twenty' })).toMatchObject({ value: 50, reason: 'DEFAULT' })
  expect(at({ variant: 'low' })).toMatchObject({ value: 50, reason: 'DEFAULT' })
  const named = { ...definition, default: { variant: 'high' }, variants: { high: 50, low: 20 } }
  const low = { definition: named, setting: set({ serve: { variant: 'low' } }) }
  expect(evaluate('limit', low, null)).toMatchObject({ value: 20, variant: 'low' })
  const prototype = { definition: named, setting: set({ serve: { variant: 'toString' } }) }
  expect(evaluate('limit', prototype, null)).toMatchObject({ value: 50, reason: 'DEFAULT' })
})

test('the same key always gets the same, and keeps it while its share grows', () => {
  const percent = fc.integer({ min: 1, max: 10_000 }).map((n) => n / 100)
  fc.assert(
    fc.property(fc.string(), percent, percent, (key, one, other) => {
      expect(isOn(share(one), key)).toBe(isOn(share(one), key))
      const [less, more] = [Math.min(one, other), Math.max(one, other)]
      if (isOn(share(less), key)) expect(isOn(share(more), key)).toBe(true)
      expect(isOn(share(100), key)).toBe(true)
    }),
  )
})

test('a share gets that part of the keys, independently in each switch', () => {
  const keys = Array.from({ length: 20_000 }, (_, i) => `user-${i}`)
  const part = keys.filter((key) => isOn(share(10), key)).length / keys.length
  expect(part).toBeGreaterThan(0.09)
  expect(part).toBeLessThan(0.11)
  const both = keys.filter((key) => bucketOf('one', key) < 5000 && bucketOf('two', key) < 5000)
  expect(both.length / keys.length).toBeGreaterThan(0.23)
  expect(both.length / keys.length).toBeLessThan(0.27)
})

test('refuses shares of more than 100 percent', () => {
  const split = [
    { percent: 60, serve: { variant: 'on' } },
    { percent: 41, serve: { variant: 'off' } },
  ]
  expect(switchSetting.safeParse({ serve: { variant: 'off' }, split }).success).toBe(false)
  const thirds = [33.33, 33.33, 33.34].map((percent) => ({ percent, serve: { variant: 'on' } }))
  expect(switchSetting.safeParse({ serve: { variant: 'off' }, split: thirds }).success).toBe(true)
})
