import fc from 'fast-check'
import { expect, test } from 'vitest'
import { markSpans, parseAnsi, plainText } from './ansi.ts'

const esc = '\u001b['

test('turns colours and weights into classes until they are reset', () => {
  expect(parseAnsi(`${esc}1;31mno${esc}22m way${esc}0m out`)).toEqual([
    { text: 'no', classes: 'font-semibold ansi-1' },
    { text: ' way', classes: 'ansi-1' },
    { text: ' out', classes: '' },
  ])
})

test('reads the 256-colour palette and RGB, in both notations', () => {
  expect(parseAnsi(`${esc}38;5;208mx`)[0]?.color).toBe('rgb(255 135 0)')
  expect(parseAnsi(`${esc}38;2;1;2;3mx`)[0]?.color).toBe('rgb(1 2 3)')
  expect(parseAnsi(`${esc}38;5;9mx`)[0]?.classes).toBe('ansi-9')
  expect(parseAnsi(`${esc}38:2::1:2:3mx`)[0]?.color).toBe('rgb(1 2 3)')
  expect(parseAnsi(`${esc}48:5:208;1mx`)).toEqual([
    { text: 'x', classes: 'font-semibold', background: 'rgb(255 135 0)' },
  ])
  expect(parseAnsi(`${esc}38;2;1;2;3;4mx`)[0]).toMatchObject({ classes: 'underline' })
})

test('removes cursor movements, titles and links, and applies carriage returns', () => {
  expect(plainText(`${esc}2K${esc}1Gdone\u001b]0;title\u0007!`)).toBe('done!')
  expect(plainText('\u001b]8;;https://evil.example\u001b\\text\u001b]8;;\u001b\\!')).toBe('text!')
  expect(plainText('\u009b31mred \u001bPq...\u001b\\end')).toBe('red end')
  expect(plainText('\u001b\u{1f600}')).toBe('\u{1f600}')
  expect(plainText('10 %\r50 %\r100 %\r')).toBe('100 %')
  expect(plainText('a\u0000b\tc')).toBe('ab    c')
  expect(plainText('pass\u202egnp.exe\u200b')).toBe('passgnp.exe')
})

test.each([
  [`FAIL expected 3 got 4\r${esc}0m`, 'FAIL expected 3 got 4'],
  ['crcrlf line\r\r', 'crcrlf line'],
  ['ERROR: disk full\r\u001b[0m', 'ERROR: disk full'],
  ['100 % done\rall', 'all % done'],
  [`100 % done\r${esc}Kall`, 'all'],
  [`100 % done\r${esc}2Kall`, 'all'],
  [`abc${esc}1K\rx`, 'x  '],
  [`${esc}31mred\r${esc}0mb`, 'bed'],
])('shows %j as a terminal does', (line, shown) => {
  expect(plainText(line)).toBe(shown)
})

test('keeps the colours of what is not overwritten', () => {
  expect(parseAnsi(`${esc}31mred\r${esc}0mb`)).toEqual([
    { text: 'b', classes: '' },
    { text: 'ed', classes: 'ansi-1' },
  ])
})

test('keeps the plain text of any line, with and without marks', () => {
  const pieces = fc.constantFrom(
    `${esc}31m`,
    `${esc}0m`,
    `${esc}38;5;300m`,
    `${esc}999z`,
    `${esc}4:3;48:2::1`,
    'm',
    '\u001b]8;;',
    '\u001b\\',
    '\u001b',
    'ab',
    'B',
    '\r',
    '\t',
    '\ufffd',
    '\ud83d\ude00',
  )
  const line = fc
    .array(fc.oneof(pieces, fc.string()), { maxLength: 12 })
    .map((parts) => parts.join(''))
  fc.assert(
    fc.property(line, fc.constantFrom('', 'a', 'ab', 'bb'), (text, wanted) => {
      const spans = parseAnsi(text)
      expect(spans.map((span) => span.text).join('')).toBe(plainText(text))
      const marked = markSpans(spans, wanted)
      expect(marked.map((span) => span.text).join('')).toBe(plainText(text))
    }),
  )
})

test('marks a match that spans a change of style', () => {
  const marked = markSpans(parseAnsi(`un${esc}31mfair${esc}0mlead`), 'fairle')
  expect(marked.filter((span) => span.marked).map((span) => span.text)).toEqual(['fair', 'le'])
})
