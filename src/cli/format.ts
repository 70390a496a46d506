import { stripVTControlCharacters } from 'node:util'
import { invisible } from '#contract/invisible.ts'
import type { ServiceOutput } from '#contract/environment/environment.ts'
import { withoutEnd } from '#contract/text.ts'
import { agoWords, durationWords } from '#contract/time-words.ts'

/** One colour per meaning; plain text without colours. */
export interface Paint {
  good(text: string): string
  bad(text: string): string
  busy(text: string): string
  dim(text: string): string
  bold(text: string): string
}

export function createPaint(isLively: boolean): Paint {
  const code = (open: number, close: number) => (text: string) =>
    isLively ? `\u001b[${open}m${text}\u001b[${close}m` : text
  return {
    good: code(32, 39),
    bad: code(31, 39),
    busy: code(33, 39),
    dim: code(2, 22),
    bold: code(1, 22),
  }
}

const style = /(\u001b\[[\d;:]*m)/
const controls = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g

/** What a terminal shows of a line after its last carriage return. */
function afterReturn(line: string): string {
  const plain = withoutEnd(line, '\r')
  return plain.slice(plain.lastIndexOf('\r') + 1)
}

/**
 * Untrusted text (a log, a commit subject, the name of a test) can contain codes that move the
 * cursor, hide lines, write to the clipboard or make the terminal answer, and invisible characters
 * that change the order of what is shown. Keeps colours only and, after a carriage return, the last
 * text.
 */
export function stripControlCodes(text: string): string {
  const anew = text.replace(invisible, '').split('\n').map(afterReturn).join('\n')
  const parts = anew.split(style)
  return parts
    .map((part, i) => (i % 2 === 1 ? part : stripVTControlCharacters(part).replace(controls, '')))
    .join('')
}

/**
 * JSON with escapes for what `JSON.stringify` leaves as it is, but a terminal obeys: the codes of
 * C1, and invisible characters.
 */
export const escapeInvisible = (json: string): string =>
  json.replace(c1, escapeCharacter).replace(invisible, escapeCharacter)

export const jsonText = (document: unknown, indent?: number): string =>
  escapeInvisible(JSON.stringify(document, null, indent))

const c1 = /[\u007f-\u009f]/g
const escapeCharacter = (character: string): string =>
  character
    .split('')
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('')

const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' })

/** The width of a text in terminal columns, without its colours; wide characters take two. */
export function width(text: string): number {
  let sum = 0
  for (const { segment } of segmenter.segment(stripVTControlCharacters(text))) {
    const code = segment.codePointAt(0) ?? 0
    sum +=
      code < 32
        ? 0
        : /\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/u.test(
              segment,
            )
          ? 2
          : 1
  }
  return sum
}

/** Cuts a text to a number of columns and marks the cut with an ellipsis, without colours. */
export function cut(text: string, columns: number): string {
  if (width(text) <= columns) return text
  let kept = ''
  for (const { segment } of segmenter.segment(stripVTControlCharacters(text))) {
    if (width(kept + segment) > columns - 1) break
    kept += segment
  }
  return `${kept}…`
}

const pad = (text: string, columns: number): string =>
  text + ' '.repeat(Math.max(0, columns - width(text)))

/** Formats rows as aligned columns; the last column is cut to fit. */
export function table(rows: string[][], columns = 100): string[] {
  const widths = rows.reduce<number[]>(
    (sum, row) => row.map((cell, i) => Math.max(sum[i] ?? 0, width(cell))),
    [],
  )
  return rows.map((row) => {
    const before = row
      .slice(0, -1)
      .map((cell, i) => pad(cell, widths[i] ?? 0))
      .join('  ')
    const last = row.at(-1) ?? ''
    const room = Math.max(10, columns - (before === '' ? 0 : width(before) + 2))
    return (before === '' ? cut(last, room) : `${before}  ${cut(last, room)}`).trimEnd()
  })
}

/** `3 min ago`, from ISO 8601. */
export function ago(time: string | null, now: number): string {
  if (time === null) return '–'
  return agoWords(now - Date.parse(time))
}

/** `1.2 s`, `3 min 20 s`, from two ISO 8601 times; the second may be missing. */
export function took(started: string | null, ended: string | null, now: number): string {
  if (started === null) return ''
  return durationWords((ended === null ? now : Date.parse(ended)) - Date.parse(started))
}

export const short = (sha: string): string => sha.slice(0, 7)

const marks: Record<string, string> = {
  queued: '○',
  waiting: '○',
  running: '●',
  starting: '●',
  verifying: '●',
  canary: '◐',
  switching: '●',
  succeeded: '✔',
  passed: '✔',
  live: '✔',
  healthy: '✔',
  harmful: '✘',
  undecided: '?',
  promoted: '✔',
  taken_back: '↩',
  failed: '✘',
  suspended: '✘',
  unhealthy: '✘',
  rolled_back: '↩',
  cancelled: '⊘',
  skipped: '–',
  superseded: '–',
  replaced: '–',
  unknown: '?',
  empty: '–',
}

/** A state as a mark and a word: colour is never the only sign. */
export function state(name: string, paint: Paint): string {
  const text = `${marks[name] ?? '·'} ${name.replace('_', ' ')}`
  if (['succeeded', 'passed', 'live', 'healthy', 'promoted'].includes(name)) return paint.good(text)
  if (
    [
      'failed',
      'unhealthy',
      'harmful',
      'taken_back',
      'rolled_back',
      'suspended',
      'unknown',
    ].includes(name)
  )
    return paint.bad(text)
  return ['running', 'starting', 'verifying', 'canary', 'switching'].includes(name)
    ? paint.busy(text)
    : paint.dim(text)
}

/** Suggests the nearest word for a misspelt one. */
export function nearest(word: string, words: string[]): string | null {
  const [best] = words
    .map((candidate) => ({ candidate, distance: distance(word, candidate) }))
    .toSorted((a, b) => a.distance - b.distance)
  return best && best.distance <= Math.max(1, Math.floor(best.candidate.length / 3))
    ? best.candidate
    : null
}

function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i]
    for (let j = 1; j <= b.length; j += 1)
      next.push(
        Math.min(
          (row[j] ?? 0) + 1,
          (next[j - 1] ?? 0) + 1,
          (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1),
        ),
      )
    row = next
  }
  return row[b.length] ?? 0
}

/** The output of services: the first errors that precede the last lines, and these lines. */
export function describeOutput({ lines, errors }: ServiceOutput, paint: Paint): string[] {
  const format = ({ host, service, index, text }: ServiceOutput['lines'][number]): string =>
    `${paint.dim(`${host === undefined ? '' : `${host} `}${service}.${index} │`)} ${text}`
  const isShown = (error: ServiceOutput['lines'][number]): boolean =>
    lines.some((line) => line.service === error.service && line.text.trim() === error.text)
  return [
    ...errors.flatMap((error) =>
      isShown(error) ? [] : [format({ ...error, text: paint.bad(error.text) }), paint.dim('…')],
    ),
    ...lines.map(format),
  ]
}
