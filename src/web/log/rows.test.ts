import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Chunk } from './buffer.ts'
import { chunkSize } from './buffer.ts'
import { createMeasure, plainRows, type Rows, widthOf, wrappedRows } from './rows.ts'

const chunkOf = (texts: (string | undefined)[]): Chunk => ({
  whole: true,
  version: 1,
  lines: texts.map((text, i) =>
    text === undefined
      ? undefined
      : { attempt: 1, n: i + 1, time: 0, stream: 'out' as const, text },
  ),
})

function holds(rows: Rows, total: number): void {
  for (let n = 1; n <= total; n += 1) {
    const height = (n === total ? rows.total : rows.before(n + 1)) - rows.before(n)
    expect(height).toBeGreaterThanOrEqual(1)
    expect(rows.lineAt(rows.before(n))).toBe(n)
    expect(rows.lineAt(rows.before(n) + height - 1)).toBe(n)
  }
}

test('each line covers its own rows', () => {
  const text = fc.option(fc.string({ maxLength: 60 }), { nil: undefined })
  fc.assert(
    fc.property(
      fc.array(text, { minLength: 1, maxLength: 40 }),
      fc.integer({ min: 1, max: 25 }),
      (texts, columns) => {
        const chunk = chunkOf(texts)
        holds(
          wrappedRows(texts.length, createMeasure(columns), (index) =>
            index === 0 ? chunk : undefined,
          ),
          texts.length,
        )
      },
    ),
  )
  holds(plainRows(30), 30)
})

test('counts rows across chunks, including one that is not read yet', () => {
  const long = chunkOf(Array.from({ length: chunkSize }, () => 'x'.repeat(25)))
  const rows = wrappedRows(2 * chunkSize + 5, createMeasure(10), (index) =>
    index === 0 ? long : undefined,
  )
  expect(rows.before(chunkSize + 1)).toBe(3 * chunkSize)
  expect(rows.lineAt(3 * chunkSize)).toBe(chunkSize + 1)
  expect(rows.total).toBe(4 * chunkSize + 5)
})

test('wide characters take two columns', () => {
  expect(widthOf('abc')).toBe(3)
  expect(widthOf('日本')).toBe(4)
  expect(widthOf('\u{1f600}')).toBe(2)
})
