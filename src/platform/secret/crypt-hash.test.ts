import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { isCryptHash, matchesCryptHash } from './crypt-hash.ts'

const openssl = (password: string, salt: string): string =>
  execFileSync('openssl', ['passwd', '-6', '-salt', salt, '-stdin'], { input: `${password}\n` })
    .toString()
    .trim()

test.each([
  ['a', 'x'],
  ['correct horse battery staple', 'saltsaltsaltsalt'],
  ['pässwörd: 🦊', './ab'],
  ['p'.repeat(63), 'abcdefgh'],
  ['p'.repeat(64), 'abcdefgh'],
  ['p'.repeat(65), 'abcdefgh'],
  ['p'.repeat(130), 'abcdefgh'],
])('the hash of %s by OpenSSL matches, and no other password', (password, salt) => {
  const text = openssl(password, salt)
  expect(isCryptHash(text)).toBe(true)
  expect(matchesCryptHash(password, text)).toBe(true)
  expect(matchesCryptHash(`${password} `, text)).toBe(false)
  expect(matchesCryptHash('', text)).toBe(false)
})

test('the number of rounds counts, from the specification', () => {
  const text =
    '$6$rounds=10000$saltstringsaltst$OW1/O6BYHV6BcXZu8QVeXbDWra3Oeqh0sbHbbMCVNSnCM/UrjmM0Dp8v' +
    'OuZeHBy/YTBmSK6H9qs/y3RnOaw5v.'
  expect(matchesCryptHash('Hello world!', text)).toBe(true)
  expect(matchesCryptHash('Hello world?', text)).toBe(false)
})

test.each(['', 'secret', '$1$x$y', '$apr1$a$b', '$6$a$b', '$2y$05$abc', '$6$rounds=999999$a$b'])(
  '%s is no hash',
  (text) => {
    expect(isCryptHash(text)).toBe(false)
    expect(matchesCryptHash('x', text)).toBe(false)
  },
)
