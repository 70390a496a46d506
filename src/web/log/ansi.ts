/** A piece of a line in one style. */
export interface Span {
  text: string
  classes: string
  color?: string
  background?: string
}

interface Style {
  bold: boolean
  faint: boolean
  italic: boolean
  underline: boolean
  /** 0–15 by name, or a colour of CSS */
  color: number | string | null
  background: number | string | null
}

const plain: Style = {
  bold: false,
  faint: false,
  italic: false,
  underline: false,
  color: null,
  background: null,
}
const escapes =
  /\u001b(?:\[([0-9;:?<=>]*)[ -/]*([@-~])|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[PX^_][^\u001b]*(?:\u001b\\)?|[ -/]*[0-~])/g
const controls = /[\u0000-\u0008\u000b-\u001a\u001c-\u001f\u007f]/g

/**
 * What a terminal would show of a line: after a carriage return the line is written anew; tabs
 * become spaces.
 */
function settle(text: string): string {
  const whole = text.endsWith('\r') ? text.slice(0, -1) : text
  const anew = whole.includes('\r') ? whole.slice(whole.lastIndexOf('\r') + 1) : whole
  return anew.replaceAll('\t', '    ')
}

/** The text without codes, as it is searched and measured. */
export const plainText = (text: string): string =>
  settle(text).replace(escapes, '').replace(controls, '')

/** Splits a line where its style changes; codes that are not about style are left out. */
export function parseAnsi(line: string): Span[] {
  const text = settle(line)
  if (!text.includes('\u001b')) return [{ text: text.replace(controls, ''), classes: '' }]
  const spans: Span[] = []
  let style = plain
  let from = 0
  const take = (to: number): void => {
    const piece = text.slice(from, to).replace(controls, '')
    if (piece !== '') spans.push(spanOf(piece, style))
  }
  for (const match of text.matchAll(escapes)) {
    take(match.index)
    from = match.index + match[0].length
    if (match[2] === 'm') style = applyCodes(style, match[1] ?? '')
  }
  take(text.length)
  return spans.length === 0 ? [{ text: '', classes: '' }] : spans
}

function spanOf(text: string, style: Style): Span {
  const classes = [
    style.bold ? 'font-semibold' : '',
    style.faint ? 'opacity-80' : '',
    style.italic ? 'italic' : '',
    style.underline ? 'underline' : '',
    typeof style.color === 'number' ? `ansi-${style.color}` : '',
  ]
  const background =
    typeof style.background === 'number'
      ? `color-mix(in oklab, ${named[style.background % 8]} 30%, transparent)`
      : style.background
  return {
    text,
    classes: classes.filter(Boolean).join(' '),
    ...(typeof style.color === 'string' ? { color: style.color } : {}),
    ...(background === null ? {} : { background }),
  }
}

const named = [
  'gray',
  'var(--bad)',
  'var(--good)',
  'var(--warn)',
  'var(--move)',
  'purple',
  'teal',
  'gray',
]

function applyCodes(before: Style, codes: string): Style {
  const style = { ...before }
  const numbers = codes.split(/[;:]/).map(Number)
  for (let at = 0; at < numbers.length; at += 1) {
    const code = numbers[at] ?? 0
    if (code === 0) Object.assign(style, plain)
    else if (code === 38 || code === 48) {
      const [color, used] = extended(numbers.slice(at + 1))
      style[code === 38 ? 'color' : 'background'] = color
      at += used
    } else applyCode(style, code)
  }
  return style
}

function applyCode(style: Style, code: number): void {
  if (code === 1) style.bold = true
  else if (code === 2) style.faint = true
  else if (code === 3) style.italic = true
  else if (code === 4) style.underline = true
  else if (code === 22) style.bold = style.faint = false
  else if (code === 23) style.italic = false
  else if (code === 24) style.underline = false
  else if (code === 39) style.color = null
  else if (code === 49) style.background = null
  else if (code >= 30 && code <= 37) style.color = code - 30
  else if (code >= 90 && code <= 97) style.color = code - 82
  else if (code >= 40 && code <= 47) style.background = code - 40
  else if (code >= 100 && code <= 107) style.background = code - 92
}

/** A colour of the table of 256, or of red, green and blue; and how many numbers it took. */
function extended([kind, a = 0, b = 0, c = 0]: number[]): [number | string | null, number] {
  if (kind === 2) return [`rgb(${a} ${b} ${c})`, 4]
  if (kind !== 5) return [null, 1]
  if (a < 16) return [a, 2]
  if (a >= 232) return [`rgb(${gray(a)} ${gray(a)} ${gray(a)})`, 2]
  const cube = (value: number): number => (value === 0 ? 0 : 55 + value * 40)
  const n = a - 16
  return [`rgb(${cube(Math.floor(n / 36))} ${cube(Math.floor(n / 6) % 6)} ${cube(n % 6)})`, 2]
}

const gray = (index: number): number => 8 + (index - 232) * 10

/**
 * Marks the ranges of `text` that contain `wanted` (lower case) in spans that together are that
 * text.
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
