import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isAllowed, prefixProblem } from './prefixes.ts'

test.each([
  ['file:a/b', 'file:a/b', true],
  ['file:a/b/c', 'file:a/b', true],
  ['file:a/bc', 'file:a/b', false],
  ['file:a', 'file:a/b', false],
  ['file:a/b', 'file:a/b/', true],
  ['file:a//b/./c', 'file:a/b', true],
  ['file:a/b/../c', 'file:a/b', false],
  ['file:a/b/%2e%2e/c', 'file:a/b', false],
  ['file:a/b/..%2fc', 'file:a/b', false],
  [String.raw`file:a/b/..\c`, 'file:a/b', false],
  ['file:a#b', 'file:a', false],
  ['file:anything', 'file:', true],
  ['vault:anything/x#y', 'file:', false],
  ['vault:secret/data/shop#password', 'vault:secret/data/shop', true],
  ['vault:secret/data/shop/db#password', 'vault:secret/data/shop', true],
  ['vault:secret/data/shop-2#password', 'vault:secret/data/shop', false],
  ['vault:secret/metadata/shop#password', 'vault:secret/data/shop', false],
  ['vault:secret/data/shop#password', 'vault:secret/data/shop#password', true],
  ['vault:secret/data/shop#password-2', 'vault:secret/data/shop#password', false],
  ['vault:secret/data/shop/password#x', 'vault:secret/data/shop#password', false],
  ['command:op://shop/database/password', 'command:op://shop', true],
  ['command:op://shopping/database/password', 'command:op://shop', false],
  ['command:op://shop/../bank/password', 'command:op://shop', false],
  ['constructor:x', 'constructor:', false],
])('%s under %s: %s', (reference, prefix, expected) => {
  expect(isAllowed(reference, [prefix])).toBe(expected)
  expect(isAllowed(reference, [])).toBe(false)
})

test('law: a prefix covers its own text and the paths below it, and no other path', () => {
  const part = fc.stringMatching(/^[a-z0-9_-]{1,6}$/)
  fc.assert(
    fc.property(fc.array(part, { minLength: 1, maxLength: 4 }), part, (parts, more) => {
      const prefix = `file:${parts.join('/')}`
      expect(isAllowed(prefix, [prefix])).toBe(true)
      expect(isAllowed(`${prefix}/${more}`, [prefix])).toBe(true)
      expect(isAllowed(`${prefix}${more}`, [prefix])).toBe(false)
    }),
  )
})

test.each([
  ['vault:secret/data/shop', null],
  ['file:', null],
  ['secret/data/shop', 'must begin with the kind of a secret source'],
  ['file:shop/../bank', 'must not contain ..'],
])('the prefix %s has the problem %s', (prefix, problem) => {
  if (problem === null) expect(prefixProblem(prefix)).toBeNull()
  else expect(prefixProblem(prefix)).toContain(problem)
})
