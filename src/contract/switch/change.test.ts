import { expect, test } from 'vitest'
import { choiceOf, settingAfter } from './change.ts'
import type { SwitchDefinition, SwitchSetting } from './switch.ts'
import { settingText } from './text.ts'

const named: SwitchDefinition = {
  ...{ type: 'string', default: { variant: 'old' } },
  variants: { old: 'v1', new: 'v2' },
}
const [old, next] = [{ variant: 'old' }, { variant: 'new' }]

test('a choice for some keeps the rest, and a choice for everybody replaces all', () => {
  const share = settingAfter(named, null, next, { percent: 10 })
  expect(share).toEqual({ serve: old, split: [{ percent: 10, serve: next }], keys: {} })
  const own = settingAfter(named, share, old, { keys: ['ada', 'bob'] })
  expect(own).toEqual({ ...share, keys: { ada: old, bob: old } })
  expect(settingAfter(named, own, next, { percent: 50 })).toEqual({
    ...own,
    split: [{ percent: 50, serve: next }],
  })
  expect(settingAfter(named, own, next)).toEqual({ serve: next, split: [], keys: {} })
})

test('a text names a variant, or is a value of the type', () => {
  const free = (type: SwitchDefinition['type']): SwitchDefinition => ({
    ...{ type, default: { value: '' }, variants: {} },
  })
  expect(choiceOf(named, 'new')).toEqual(next)
  expect(choiceOf(named, 'v2')).toBeNull()
  expect(choiceOf(named, 'toString')).toBeNull()
  expect(choiceOf(free('number'), '2.5')).toEqual({ value: 2.5 })
  expect(choiceOf(free('number'), 'many')).toBeNull()
  expect(choiceOf(free('string'), '2')).toEqual({ value: '2' })
  expect(choiceOf(free('object'), '{"a":1}')).toEqual({ value: { a: 1 } })
  for (const text of ['[1]', 'null', '2', '{']) expect(choiceOf(free('object'), text)).toBeNull()
})

test('a setting in words', () => {
  const setting: SwitchSetting = {
    ...{ serve: old, split: [{ percent: 10, serve: next }], keys: { ada: next } },
  }
  expect(settingText(setting)).toBe('new for 10 %, else old, 1 key has another value')
  expect(settingText({ serve: { value: { a: 1 } }, split: [], keys: {} })).toBe('{"a":1}')
  expect(settingText(null)).toBe('its default')
})
