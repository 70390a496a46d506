import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ago, createPaint, cut, nearest, state, table, took, width } from './format.ts'

describe('width and cut', () => {
  test('nothing that is cut is wider than asked, and what fits is left alone', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 60 }), (text, columns) => {
        const result = cut(text, columns)
        expect(width(result)).toBeLessThanOrEqual(Math.max(columns, 1))
        if (width(text) <= columns) expect(result).toBe(text)
      }),
    )
  })

  test('wide characters take two columns, colours none', () => {
    expect(width('日本')).toBe(4)
    expect(width(createPaint(true).bad('no'))).toBe(2)
  })
})

test('columns are aligned, and the last is cut to the terminal', () => {
  const lines = table(
    [
      ['a', 'state', 'subject'],
      ['longer', '✔ live', 'x'.repeat(200)],
    ],
    40,
  )
  expect(lines[0]).toBe('a       state   subject')
  expect(width(lines[1] ?? '')).toBe(40)
})

describe('times', () => {
  const now = Date.parse('2026-01-01T12:00:00Z')
  test.each([
    ['2026-01-01T11:59:58Z', 'just now'],
    ['2026-01-01T11:59:20Z', '40 s ago'],
    ['2026-01-01T11:57:00Z', '3 min ago'],
    ['2026-01-01T09:00:00Z', '3 h ago'],
    ['2025-12-30T12:00:00Z', '2 d ago'],
  ])('%s is %s', (time, expected) => expect(ago(time, now)).toBe(expected))
  test('durations', () => {
    expect(took('2026-01-01T11:59:58.800Z', null, now)).toBe('1.2 s')
    expect(took('2026-01-01T11:56:40Z', '2026-01-01T12:00:00Z', now)).toBe('3 min 20 s')
    expect(took(null, null, now)).toBe('')
  })
})

test('a state is a mark and a word, so that the colour is never the only sign', () => {
  const plain = createPaint(false)
  expect([state('live', plain), state('rolled_back', plain), state('unknown', plain)]).toEqual([
    '✔ live',
    '↩ rolled back',
    '? unknown',
  ])
})

test('a mistyped word finds the one that was meant, and nonsense none', () => {
  expect(nearest('rollbak', ['rollback', 'runs'])).toBe('rollback')
  expect(nearest('zzz', ['rollback', 'runs'])).toBeNull()
})
