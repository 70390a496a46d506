import { parse } from '@ansi-tools/parser'
import { invisible } from '#contract/invisible.ts'
import { withoutEnd } from '#contract/text.ts'
import { cssOf, type Rgb, type TerminalColour } from './colour.ts'

/** A piece of a line in one style. */
export interface Span {
  text: string
  /** CSS classes, separated by spaces */
  classes: string
  /** CSS colours, where they are not the default ones */
  color?: string
  background?: string
}

interface Style {
  bold: boolean
  isFaint: boolean
  italic: boolean
  underline: boolean
  strike: boolean
  isInverse: boolean
  color: TerminalColour
  background: TerminalColour
}

const plain: Style = {
  bold: false,
  isFaint: false,
  italic: false,
  underline: false,
  strike: false,
  isInverse: false,
  color: null,
  background: null,
}

/** Bytes that introduce a control sequence: ESC, and the 8-bit forms of C1. */
const introducers = /[\u001b\u0090-\u009f]/
const controls = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g

/** No sequence continues with such a character, and the parser would take half of a pair. */
const strayEscape = /\u001b(?=[^\u0000-\u009f])/g

/** Expands tabs to four spaces; carriage returns at the end change nothing. */
const normalize = (text: string): string =>
  withoutEnd(text, '\r').replaceAll('\t', '    ').replace(strayEscape, '')

const withoutControls = (text: string): string => text.replace(controls, '').replace(invisible, '')

/** The text without control sequences, for search and for measuring its width. */
export function plainText(line: string): string {
  const text = normalize(line)
  if (text.includes('\r'))
    return overwrite(text)
      .map((cell) => cell.text)
      .join('')
  if (!introducers.test(text)) return withoutControls(text)
  return parse(text)
    .map((code) => (code.type === 'TEXT' ? withoutControls(code.raw) : ''))
    .join('')
}

/**
 * Splits a line at each change of style (ECMA-48 SGR). All other control sequences are removed:
 * cursor movements, titles, and links (OSC 8), whose text stays.
 */
export function parseAnsi(line: string): Span[] {
  const text = normalize(line)
  if (text.includes('\r')) return spansOf(overwrite(text))
  if (!introducers.test(text)) return [{ text: withoutControls(text), classes: '' }]
  const spans: Span[] = []
  let style = plain
  for (const code of parse(text)) {
    if (code.type === 'TEXT') {
      const piece = withoutControls(code.raw)
      if (piece !== '') spans.push(spanOf(piece, style))
    } else if (code.type === 'CSI' && code.command === 'm')
      style = applyCodes(style, code.parameterGroups ?? code.params.map((one) => [one]))
  }
  return spans.length === 0 ? [{ text: '', classes: '' }] : spans
}

/** A character of a line, or empty, with its style. */
interface Cell {
  text: string
  style: Style
}

/**
 * Applies carriage returns as a terminal does: what follows one overwrites the line from its start,
 * and the rest of the line stays unless it is erased (EL).
 */
function overwrite(text: string): Cell[] {
  const cells: Cell[] = []
  let style = plain
  let column = 0
  for (const part of text.split(/(\r+)/)) {
    if (part.startsWith('\r')) {
      column = 0
      continue
    }
    for (const code of parse(part)) {
      if (code.type === 'TEXT')
        for (const char of withoutControls(code.raw)) cells[column++] = { text: char, style }
      else if (code.type === 'CSI' && code.command === 'm')
        style = applyCodes(style, code.parameterGroups ?? code.params.map((one) => [one]))
      else if (code.type === 'CSI' && code.command === 'K')
        erase(cells, column, code.params[0] ?? '')
    }
  }
  return cells
}

/** Erases to the end of the line (0, the default), its start (1), or all of it (2). */
function erase(cells: Cell[], column: number, mode: string): void {
  if (mode !== '1') cells.length = Math.min(cells.length, column)
  if (mode !== '1' && mode !== '2') return
  for (let at = 0; at < column; at += 1) cells[at] = { text: ' ', style: plain }
}

function spansOf(cells: Cell[]): Span[] {
  const spans: Span[] = []
  let last: Style | null = null
  for (const { text, style } of cells) {
    const span = spans.at(-1)
    if (span && last === style) span.text += text
    else spans.push(spanOf(text, style))
    last = style
  }
  return spans.length === 0 ? [{ text: '', classes: '' }] : spans
}

function spanOf(text: string, style: Style): Span {
  const lines = [style.underline ? 'underline' : '', style.strike ? 'line-through' : '']
  const classes = [
    style.bold ? 'font-semibold' : '',
    style.italic ? 'italic' : '',
    style.underline && style.strike ? 'underline-and-strike' : lines.join(''),
  ]
  return { text, classes: classes.filter(Boolean).join(' '), ...cssOf(style) }
}

/**
 * Applies the parameters of one SGR sequence. A group holds a parameter with its sub-parameters,
 * as in `38:2::1:2:3`; in the older form `38;2;1;2;3` each number is a group of its own.
 */
function applyCodes(before: Style, groups: string[][]): Style {
  const style = groups.length === 0 ? { ...plain } : { ...before }
  for (let at = 0; at < groups.length; at += 1) {
    const [code = 0, ...sub] = (groups[at] ?? []).map(Number)
    if (code === 38 || code === 48) {
      const rest = groups.slice(at + 1).map(([first]) => Number(first))
      const { color, length } = sub.length > 0 ? colorOfGroup(sub) : colorOf(rest)
      style[code === 38 ? 'color' : 'background'] = color
      at += sub.length > 0 ? 0 : length
    } else if (code === 0) Object.assign(style, plain)
    else if (code === 4 && sub[0] === 0) style.underline = false
    else applyCode(style, code)
  }
  return style
}

function applyCode(style: Style, code: number): void {
  if (code === 1) style.bold = true
  else if (code === 2) style.isFaint = true
  else if (code === 3) style.italic = true
  else if (code === 4) style.underline = true
  else if (code === 7) style.isInverse = true
  else if (code === 9) style.strike = true
  else if (code === 22) style.bold = style.isFaint = false
  else if (code === 23) style.italic = false
  else if (code === 24) style.underline = false
  else if (code === 27) style.isInverse = false
  else if (code === 29) style.strike = false
  else if (code === 39) style.color = null
  else if (code === 49) style.background = null
  else if (code >= 30 && code <= 37) style.color = code - 30
  else if (code >= 90 && code <= 97) style.color = code - 82
  else if (code >= 40 && code <= 47) style.background = code - 40
  else if (code >= 100 && code <= 107) style.background = code - 92
}

interface ExtendedColor {
  color: number | Rgb | null
  /** how many parameters it used */
  length: number
}

/** A colour of the 256-colour palette (`5;n`) or in RGB (`2;r;g;b`). */
function colorOf([kind, a = 0, b = 0, c = 0]: number[]): ExtendedColor {
  if (kind === 2) return { color: [a, b, c], length: 4 }
  if (kind !== 5) return { color: null, length: 1 }
  if (a < 16) return { color: a, length: 2 }
  if (a >= 232) return { color: [gray(a), gray(a), gray(a)], length: 2 }
  const cube = (value: number): number => (value === 0 ? 0 : 55 + value * 40)
  const n = a - 16
  const color: Rgb = [cube(Math.floor(n / 36)), cube(Math.floor(n / 6) % 6), cube(n % 6)]
  return { color, length: 2 }
}

/** With sub-parameters an RGB colour may name its colour space first: `2::r:g:b`. */
const colorOfGroup = (sub: number[]): ExtendedColor =>
  colorOf(sub[0] === 2 && sub.length > 4 ? [2, ...sub.slice(2)] : sub)

const gray = (index: number): number => 8 + (index - 232) * 10

/**
 * Marks each occurrence of `wanted` (in lower case), also across spans. The text of all spans
 * stays the same.
 */
export function markSpans(spans: Span[], wanted: string): (Span & { marked?: boolean })[] {
  if (wanted === '') return spans
  const text = spans
    .map((span) => span.text)
    .join('')
    .toLowerCase()
  const edges: number[] = []
  for (let at = text.indexOf(wanted); at !== -1; at = text.indexOf(wanted, at + wanted.length))
    edges.push(at, at + wanted.length)
  if (edges.length === 0) return spans
  let start = 0
  return spans.flatMap((span) => {
    const end = start + span.text.length
    const cuts = [start, ...edges.filter((edge) => edge > start && edge < end), end]
    const pieces = cuts.slice(0, -1).map((cut, i) => ({
      ...span,
      text: span.text.slice(cut - start, (cuts[i + 1] ?? end) - start),
      marked: edges.filter((edge) => edge <= cut).length % 2 === 1,
    }))
    start = end
    return pieces
  })
}
