import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Inspection } from './analyser.ts'
import { reportOf } from './code.ts'
import { type CodeFile, findDuplicates } from './duplicates.ts'

const file = (
  path: string,
  hashes: number[],
  functions: Inspection['functions'] = [],
): CodeFile => ({
  path,
  inspection: {
    ...{
      language: 'JavaScript',
      lines: hashes.length,
      code: hashes.length,
      functions,
      isBroken: false,
    },
    ...{ at: hashes.map((_, index) => index + 1), hashes },
  },
})
const range = (from: number, count: number): number[] =>
  Array.from({ length: count }, (_, index) => from + index)

describe('duplicates', () => {
  test('are blocks of ten lines or more, listed with both places', () => {
    const files = [
      file('a', [...range(100, 5), ...range(0, 12)]),
      file('b', [...range(0, 12), ...range(200, 5)]),
    ]
    const found = findDuplicates(files)
    expect(found.lines).toBe(24)
    expect(found.of('b')).toEqual([{ file: 'b', line: 1, end: 12, of: { file: 'a', line: 6 } }])
    expect(found.of('a')).toEqual([{ file: 'a', line: 6, end: 17, of: { file: 'b', line: 1 } }])
  })

  test('exclude shorter blocks and blocks that overlap themselves', () => {
    expect(findDuplicates([file('a', range(0, 9)), file('b', range(0, 9))]).lines).toBe(0)
    expect(
      findDuplicates([
        file(
          'a',
          range(0, 15).map(() => 7),
        ),
      ]).lines,
    ).toBe(0)
  })

  test('cover a whole file that occurs twice, and nothing of two different files', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.nat({ max: 2 ** 32 - 1 }), { minLength: 10, maxLength: 60 }),
        (hashes) => {
          expect(findDuplicates([file('a', hashes), file('b', hashes)]).lines).toBe(
            2 * hashes.length,
          )
          expect(findDuplicates([file('a', hashes)]).lines).toBe(0)
        },
      ),
    )
  })
})

test('compares functions of touched files with their former version, also after a rename', () => {
  const pay = (cyclomatic: number, line: number) => ({
    name: 'pay',
    line,
    end: line + 5,
    cyclomatic,
    cognitive: 1,
    parameters: 0,
  })
  const now = [
    file('new.js', [1], [pay(18, 1), { ...pay(2, 20), name: 'fresh' }]),
    file('same.js', [2], [pay(40, 1)]),
  ]
  const before = [file('old.js', [1], [pay(12, 9)]), file('same.js', [2], [pay(40, 1)])]
  const report = reportOf(
    now,
    before,
    new Map([['new.js', { before: 'old.js', lines: new Set([3]) }]]),
  )
  expect(
    report.functions.map(({ file: path, name, isChanged, before: was }) => [
      path,
      name,
      isChanged,
      was?.cyclomatic,
    ]),
  ).toEqual([
    ['new.js', 'pay', true, 12],
    ['new.js', 'fresh', false, undefined],
  ])
  expect(report.summary).toMatchObject({ files: 2, functions: 3, highest: 40, complex: 2 })
  expect(report.before).toMatchObject({ files: 2, functions: 2, highest: 40, complex: 1 })
})
