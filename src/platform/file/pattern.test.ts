import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compilePatterns, matchesAny, PatternProblem } from './pattern.ts'
import { processorMs } from '../../../test/support/processor-time.ts'

const matches = (pattern: string, path: string): boolean =>
  matchesAny(compilePatterns([pattern]), path)

test.each([
  ['src', 'src/a/.env', true],
  ['src/', 'src/a.txt', true],
  ['./src', 'src/a.txt', true],
  ['.', 'any/.thing', true],
  ['src', 'source/a', false],
  ['src/*', 'src/.env', true],
  ['src/*', 'src/folder/a', true],
  ['shop/**', 'shop/.well-known/security.txt', true],
  ['**/*.ts', 'a.ts', true],
  ['**/*.ts', 'a/.b/c.ts', true],
  ['**/*.ts', 'a/b.js', false],
  ['a/**/z', 'a/z', true],
  ['a/**/z', 'a/b/c/z', true],
  ['src/[slug]/page.txt', 'src/[slug]/page.txt', true],
  ['app/[id]', 'app/[id]/x', true],
  ['[a-c].txt', 'b.txt', true],
  ['[!a-c].txt', 'b.txt', false],
  ['?.txt', '.txt', false],
  ['{a,b{1,2}}.txt', 'b2.txt', true],
  ['{a,b}.txt', 'c.txt', false],
  ['\\*.txt', 'a.txt', false],
])('%s and %s: %s', (pattern, path, expected) => expect(matches(pattern, path)).toBe(expected))

test('needs little time for every pattern', () => {
  const started = processorMs()
  expect(matches('*a'.repeat(499), 'a'.repeat(255) + 'b')).toBe(false)
  expect(matches('**/'.repeat(300) + 'x', 'a/'.repeat(1000) + 'b')).toBe(false)
  expect(() => compilePatterns(['{a,b}'.repeat(16)])).toThrow('more than 100 alternatives')
  expect(() => compilePatterns(['a'.repeat(1001)])).toThrow('longer than 1000 characters')
  expect(processorMs() - started).toBeLessThan(1000)
})

test('matches or refuses any pattern', () => {
  const text = fc.string({
    unit: fc.constantFrom('*', '?', '[', ']', '{', '}', ',', '/', '!', 'a'),
  })
  fc.assert(
    fc.property(text, text, (pattern, path) => {
      try {
        expect(matches(pattern, path)).toBeTypeOf('boolean')
      } catch (error) {
        expect(error).toBeInstanceOf(PatternProblem)
      }
    }),
  )
})
