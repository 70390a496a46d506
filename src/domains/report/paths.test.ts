import { expect, test } from 'vitest'
import { coverageOf, sumOf } from './coverage.ts'
import { createPaths, fileOf, type FindPath } from './paths.ts'

const pathsOf =
  (files: string[], roots: string[]) =>
  (...given: Parameters<FindPath>): string | null =>
    fileOf(createPaths(files, roots)(...given))

test('finds the repository file that a report path means, and none when it is ambiguous', () => {
  const pathOf = pathsOf(
    [
      'src/main/java/com/shop/Cart.java',
      'src/test/java/com/shop/Cart.java',
      'cart/cart.go',
      'a/index.ts',
      'b/index.ts',
      'shop.py',
    ],
    ['/srv/space'],
  )
  expect(pathOf('cart/cart.go')).toBe('cart/cart.go')
  expect(pathOf('lib/cart.go')).toBe(null)
  expect(pathOf('/srv/space/a/index.ts')).toBe('a/index.ts')
  expect(pathOf('./b/index.ts')).toBe('b/index.ts')
  expect(pathOf('example.com/shop/cart/cart.go')).toBe('cart/cart.go')
  expect(pathOf('com/shop/Cart.java')).toBe(null)
  expect(pathOf('main/java/com/shop/Cart.java')).toBe('src/main/java/com/shop/Cart.java')
  expect(pathOf('index.ts')).toBe(null)
  expect(pathOf('cart\\cart.go')).toBe('cart/cart.go')
  expect(pathOf('C:\\agent\\work\\a\\index.ts')).toBe('a/index.ts')
  expect(pathOf('/D:/build/b/index.ts')).toBe('b/index.ts')
  expect(pathOf('b\\index.ts', ['C:\\shop'])).toBe('b/index.ts')
  expect(pathOf('index.ts', ['C:\\shop\\a', 'C:\\lib'])).toBe('a/index.ts')
  expect(pathOf('/usr/lib/python3/dist-packages/shop.py')).toBe(null)
})

test('distinguishes a path that several files match from one that none does', () => {
  const find = createPaths(['a/index.ts', 'b/index.ts'], [])
  expect(find('index.ts')).toBe('ambiguous')
  expect(find('other.ts')).toBe(null)
})

test('a name with backslashes is first the name itself', () => {
  expect(pathsOf(['a\\b', 'a/b'], [])('a\\b')).toBe('a\\b')
})

test('counts the changed lines that a report covers', () => {
  const files = coverageOf(
    [
      { file: 'a', known: [1, 2, 3, 4], missed: [4] },
      { file: 'b', known: [1, 2], missed: [1, 2] },
    ],
    new Map([
      ['b', new Set([2, 3])],
      ['c', new Set([1])],
    ]),
  )
  expect(files.map(({ file }) => file)).toEqual(['b', 'a'])
  expect(files[0]?.changed).toEqual({ lines: 1, covered: 0, missed: [2], reached: [] })
  expect(sumOf(files)).toEqual({
    total: { lines: 6, covered: 3 },
    changed: { lines: 1, covered: 0 },
  })
  expect(sumOf(coverageOf([{ file: 'a', known: [1], missed: [] }], null)).changed).toBe(null)
  expect(sumOf([]).changed).toBe(null)
})
