import { expect, test } from 'vitest'
import { compare } from './compare.ts'
import { explain } from './explain.ts'

test('names are added, removed, changed or the same, and secrets have no value', () => {
  const before = {
    variables: { GONE: '1', LEVEL: 'info', SAME: 'x', NOW_SECRET: 'plain' },
    secrets: { KEY: 'sealed-1', TOKEN: 'sealed-2', WAS_SECRET: 'sealed-3' },
  }
  const after = {
    variables: { LEVEL: 'debug', NEW: '', SAME: 'x', WAS_SECRET: 'plain' },
    secrets: { KEY: 'sealed-4', TOKEN: 'sealed-5', NOW_SECRET: 'sealed-6' },
  }
  const found = compare(before, after, (name) => name === 'KEY')
  const row = (name: string, state: string, isSecret: boolean, values: (string | null)[]) => ({
    ...{ name, state, isSecret, before: values[0], after: values[1] },
  })
  expect(found).toEqual([
    row('GONE', 'removed', false, ['1', null]),
    row('KEY', 'same', true, [null, null]),
    row('LEVEL', 'changed', false, ['info', 'debug']),
    row('NEW', 'added', false, [null, '']),
    row('NOW_SECRET', 'changed', true, ['plain', null]),
    row('SAME', 'same', false, ['x', 'x']),
    row('TOKEN', 'changed', true, [null, null]),
    row('WAS_SECRET', 'changed', true, [null, 'plain']),
  ])
  expect(JSON.stringify(found)).not.toContain('sealed')
})

const file = {
  services: { web: { LEVEL: 'info', KEY: 'example' }, worker: { LEVEL: 'warn' } },
  host: {},
  environment: { LEVEL: 'debug' },
}

test('the layers of a value, the broadest first, with those that are overridden', () => {
  const layer = { isSecret: false, reference: null }
  expect(explain('LEVEL', file, { variables: { LEVEL: 'trace' }, secrets: {} })).toEqual([
    { ...layer, layer: 'service', service: 'web', value: 'info', isOverridden: true },
    { ...layer, layer: 'service', service: 'worker', value: 'warn', isOverridden: true },
    { ...layer, layer: 'environment', service: null, value: 'debug', isOverridden: true },
    { ...layer, layer: 'configuration', service: null, value: 'trace', isOverridden: false },
  ])
  expect(
    explain('KEY', file, { variables: {}, secrets: { KEY: 'from:vault:secret/data/shop#key' } }),
  ).toMatchObject([
    { layer: 'service', value: 'example', isOverridden: true },
    { value: null, isSecret: true, reference: 'vault:secret/data/shop#key', isOverridden: false },
  ])
  expect(explain('constructor', file, { variables: {}, secrets: {} })).toEqual([])
})
