import { expect, test } from 'vitest'
import { peopleOf, type Push } from './push.ts'

const push = (name: string | null, sha: string | null, ref = 'refs/heads/main'): Push => ({
  ...{ ref, sha },
  person: name === null ? null : { name, email: null },
})
const person = (name: string, isPusher: boolean) => ({ name, email: null, isPusher })

test.each([
  ['the pusher of the head', [push('Ada', 'b')], [person('Ada', true)]],
  [
    'those who pushed before count, and are not the pusher',
    [push('Ada', 'a'), push('Bob', 'b')],
    [person('Ada', false), person('Bob', true)],
  ],
  ['a push of a newer commit that was not announced', [push('Ada', 'a')], [person('Ada', false)]],
  ['another branch', [push('Ada', 'b', 'refs/heads/other')], []],
  ['a sender that names no branch', [push('Ada', 'b', 'refs/heads')], [person('Ada', true)]],
  ['nobody was authenticated', [push(null, 'b')], []],
  ['a repeated delivery', [push('Ada', 'b'), push('Ada', 'b')], [person('Ada', true)]],
])('%s', (_what, pushes, expected) => {
  expect(peopleOf(pushes, 'main', 'b')).toEqual(expected)
})
