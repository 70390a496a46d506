import { expect, test } from 'vitest'
import type { SwitchSetting, SwitchView } from '#contract/switch/switch.ts'
import { lastChange, servedText, switchBadge } from './words.ts'

const recharge: SwitchView = {
  ...{ app: 'shop', environment: 'production', name: 'recharge' },
  definition: {
    ...{ type: 'boolean', default: { variant: 'on' } },
    variants: { on: true, off: false },
  },
  ...{ setting: null, value: true, variant: 'on', owner: null, description: '' },
  ...{ expires: null, isExpired: false, version: 0, reason: '', actor: null, changed: null },
  pulledBy: null,
  ...{ steps: null, rollout: null },
}
const off: SwitchSetting = { serve: { variant: 'off' }, split: [], keys: {} }
const look = (change: Partial<SwitchView>) => {
  const found = { ...recharge, ...change }
  return [switchBadge(found).word, servedText(found), lastChange(found)]
}

test('says what a switch serves, and who set it', () => {
  expect(look({})).toEqual(['On', 'on', null])
  const set = { setting: off, variant: 'off', value: false, actor: 'Ada' }
  expect(look(set)).toEqual(['Off', 'off', 'set by Ada'])
  expect(look({ ...set, pulledBy: 'charged-twice', reason: '2 rows break it' })).toEqual([
    ...['Off', 'off', 'turned off by the monitor charged-twice: 2 rows break it'],
  ])
  const split = [{ percent: 10, serve: { variant: 'on' } }]
  expect(look({ ...set, setting: { ...off, split } })[0]).toBe('Partial')
  expect(look({ definition: null, setting: off })[0]).toBe('Not live')
})
