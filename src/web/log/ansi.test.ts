import fc from 'fast-check'
import { expect, test } from 'vitest'
import { markSpans, parseAnsi, plainText } from './ansi.ts'

const esc = '\u001b['
const red = 'light-dark(#bf2631, #ff8086)'

test('turns colours and weights into classes until they are reset', () => {
  expect(parseAnsi(`${esc}1;31mno${esc}22m way${esc}0m out`)).toEqual([
    { text: 'no', classes: 'font-semibold', color: red },
    { text: ' way', classes: '', color: red },
    { text: ' out', classes: '' },
  ])
})

test('reads the 256-colour palette and RGB, in both notations', () => {
  const shown = (line: string) => parseAnsi(line)[0]
  // Colours that can be read on one of both grounds stay as they are there.
  expect(shown(`${esc}38;5;208mx`)?.color).toContain(', #ff8700)')
  expect(shown(`${esc}38;2;1;2;3mx`)?.color).toContain('(#010203,')
  expect(shown(`${esc}38:2::1:2:3mx`)?.color).toContain('(#010203,')
  expect(shown(`${esc}38;5;9mx`)?.color).toBe(shown(`${esc}91mx`)?.color)
  expect(shown(`${esc}48:5:208;1mx`)).toMatchObject({
    classes: 'font-semibold',
    background: 'light-dark(#ff8700, #ff8700)',
  })
  expect(shown(`${esc}38;2;1;2;3;4mx`)).toMatchObject({ classes: 'underline' })
})

test('reads inverse, strike and faint text, and their ends', () => {
  const plain = { classes: '' }
  const [inverse, normal] = parseAnsi(`${esc}7mx${esc}27my`)
  expect(inverse).toEqual({
    ...{ text: 'x', classes: '' },
    color: 'light-dark(#f0f2f5, #0a0c0e)',
    background: 'light-dark(#14181d, #e8ebef)',
  })
  expect(normal).toEqual({ text: 'y', ...plain })
  const [strike, both, under] = parseAnsi(`${esc}9ma${esc}4mb${esc}29mc`)
  expect(strike).toEqual({ text: 'a', classes: 'line-through' })
  expect(both).toEqual({ text: 'b', classes: 'underline-and-strike' })
  expect(under).toEqual({ text: 'c', classes: 'underline' })
  const [faint, strong] = parseAnsi(`${esc}2mx${esc}22my`)
  expect(faint?.color).toBeDefined()
  expect(strong).toEqual({ text: 'y', ...plain })
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
    { text: 'ed', classes: '', color: red },
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
