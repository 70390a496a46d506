import { userInfo } from 'node:os'
import { expect, test } from 'vitest'
import { accountName, groupWith, passwdWith } from './account.ts'

const account = { name: 'fairlead', user: 60_900, group: 60_900, home: '/srv/cache/shop' }
const entry = 'fairlead:x:60900:60900:Fairlead:/srv/cache/shop:/bin/sh'

test('an account is the only one of its name and number', () => {
  const text =
    'root:x:0:0:root:/root:/bin/bash\nfairlead:x:99:99::/:/bin/false\nold:x:60900:1::/:\n'
  expect(passwdWith(text, account)).toBe(`root:x:0:0:root:/root:/bin/bash\n${entry}\n`)
  expect(passwdWith('', account)).toBe(`${entry}\n`)
})

test('a group is added unless its number has a name', () => {
  expect(groupWith('root:x:0:\nfairlead:x:99:', account)).toBe('root:x:0:\nfairlead:x:60900:\n')
  expect(groupWith('staff:x:60900:anna\n', account)).toBe('staff:x:60900:anna\n')
})

test('the name is that of the server, where it has one and runs the commands', () => {
  expect(accountName({ kind: 'none', problem: 'off' })).toBe(userInfo().username)
})
