import { expect, test } from 'vitest'
import { addressIn, changeVariables, variableChange } from './change.ts'

test.each([
  ['redis:6380', 'redis', 6380],
  ['postgres://app:p@ss@db.internal/shop?x=1', 'db.internal', 5432],
  ['postgres://app@[::1]:5433/shop', '::1', 5433],
  ['http://tax', 'tax', 80],
  ['redis://10.0.0.1:6379/0', '10.0.0.1', 6379],
])('finds the address in %s', (value, host, port) => {
  const found = addressIn(value)
  expect(found).toMatchObject({ host, port })
})

test.each(['https://tax', 'rediss://x:1', 'redis', 'a:1,b:2', 'http://a:1,b:2/', 'a:99999', ''])(
  'finds no address in %j',
  (value) => {
    expect(addressIn(value)).toBeNull()
  },
)

test('changes variables as asked, and leaves the others', () => {
  const env = { A: '1', KEY: 'Secret-42', DB: 'postgres://app:x@db:5432/shop', Z: 'z' }
  const change = variableChange.parse({
    set: { A: '2', NEW: 'n' },
    ...{ unset: ['Z'], wrong: ['KEY'] },
    through: { variable: 'DB', address: '127.64.0.1', port: 20_000 },
  })
  const changed = changeVariables(env, change, () => 0)
  expect(changed).toEqual({
    ...{ A: '2', NEW: 'n', DB: 'postgres://app:x@127.64.0.1:20000/shop' },
    KEY: expect.stringMatching(/^[a-z0-9]{6}-[a-z0-9]{2}$/) as string,
  })
  expect(changed['KEY']?.toLowerCase()).not.toBe('secret-42')
})
