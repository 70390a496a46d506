import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  ago,
  createPaint,
  cut,
  jsonText,
  stripControlCodes,
  nearest,
  state,
  table,
  took,
  width,
} from './format.ts'

describe('width and cut', () => {
  test('nothing that is cut is wider than asked, and what fits is left alone', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme' }),
        fc.integer({ min: 1, max: 60 }),
        (text, columns) => {
          const result = cut(text, columns)
          expect(width(result)).toBeLessThanOrEqual(Math.max(columns, 1))
          if (width(text) <= columns) expect(result).toBe(text)
        },
      ),
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

describe('text of others on a terminal', () => {
  test.each([
    ['the clipboard', '\u001b]52;c;cm0gLXJmIH4=\u0007copied', 'copied'],
    ['the title', '\u001b]0;root@host\u001b\\here', 'here'],
    ['an answer as if typed', 'a\u001b[6n\u001b[c\u001bZb', 'ab'],
    ['lines that are hidden', 'one\u001b[1A\u001b[2Ktwo', 'onetwo'],
    [
      'the same in C1 codes',
      'a\u009b2J\u009d0;x\u009cb',
      expect.not.stringMatching(/[\u0080-\u009f]/),
    ],
    ['a bell and a backspace', 'pass\u0007\b\b\b\bfail', 'passfail'],
    [
      'an order from right to left',
      'a\u202egnp.exe\u202c b\u2066c\u2069\u200f\u061c',
      'agnp.exe bc',
    ],
    ['zero-width characters', 'pass\u200bword\u2060\ufeff\u200d\u00ad', 'password'],
    ['letters of tags', 'ok\u{e0041}\u{e0042}', 'ok'],
    ['separators of lines', 'one\u2028two\u2029three', 'onetwothree'],
    ['progress', '10%\r50%\r100%\r', '100%'],
    ['colours', '\u001b[1;31mred\u001b[0m\tand tab', '\u001b[1;31mred\u001b[0m\tand tab'],
  ])('%s', (_what, text, expected) => expect(stripControlCodes(text)).toEqual(expected))

  test('has no control characters but colours, tabs and line ends', () => {
    const piece = fc.constantFrom(
      '\u001b',
      '[',
      ']',
      '0',
      ';',
      'm',
      '52',
      'c',
      '\u0007',
      '\u009b',
      '\r',
      '\n',
      '\b',
      '\\',
      '\u202e',
      '\u2028',
      '\u{e0041}',
      'é',
      'P',
      '?',
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        const rest = stripControlCodes(pieces.join('')).replace(/\u001b\[[\d;:]*m/g, '')
        expect(rest).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/)
        expect(rest).not.toMatch(/[\u202e\u2028\u{e0041}]/u)
      }),
      { numRuns: 1000 },
    )
  })
})

test('JSON escapes what a terminal obeys, and means the same', () => {
  const value = { 'a\u202eb': ['\u009b2J', '\u{e0041}\u2028', 'é'] }
  expect(jsonText(value)).toBe(String.raw`{"a\u202eb":["\u009b2J","\udb40\udc41\u2028","é"]}`)
  expect(JSON.parse(jsonText(value, 2))).toEqual(value)
})
