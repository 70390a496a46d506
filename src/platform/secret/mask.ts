import { maskPatterns, wrappedPart } from './mask-patterns.ts'

/** Masks secrets in lines of text. */
export interface Mask {
  /** Masks complete lines separated by \n; the number of lines does not change. */
  apply(text: string): string
  /**
   * Returns the position at or after `at` where a long line can be cut without splitting a secret.
   */
  cut(line: string, at: number): number
  /**
   * Returns how many characters of an unfinished line can be masked and shown now: no secret begins
   * in them and can end after them.
   */
  showable(text: string, isStart: boolean): number
  /** Characters beyond `at` that `cut` needs to see. */
  reach: number
}

const hidden = '***'
/** Minimum length of a line in the middle of a wrapped encoding. */
const wholeLine = 32

/** Builds the mask for a list of secrets. Pure: equal lines give equal results. */
export function createMask(secrets: readonly string[]): Mask {
  const { whole, wrapped } = maskPatterns(secrets)
  if (whole.length === 0)
    return {
      apply: (text) => text,
      cut: (_line, at) => at,
      showable: (text) => text.length,
      reach: 0,
    }
  const grams = new Set(wrapped.flatMap(partsOf))
  const applyLine = (line: string): string =>
    hide(line, [...wholeSpans(line, whole), ...wrappedSpans(line, wrapped, grams)])
  return {
    apply: (text) => {
      const isHit = whole.some((pattern) => text.includes(pattern))
      if (!isHit && grams.size === 0) return text
      const lines = text.split('\n')
      if (isHit) return lines.map(applyLine).join('\n')
      return lines.some((line) => mayShowPart(line, grams)) ? lines.map(applyLine).join('\n') : text
    },
    cut: (line, at) => {
      const span = merge(wholeSpans(line, whole)).find(([start, end]) => start < at && end > at)
      return span ? span[1] : at
    },
    showable: (text, isStart) => showable(text, isStart, whole, wrapped),
    // Secrets can overlap.
    reach: 4 * (whole[0]?.length ?? 0),
  }
}

/** Masks every string in a JSON value. */
export function hideIn(mask: Mask, value: unknown): unknown {
  if (mask.reach === 0) return value
  if (typeof value === 'string') return mask.apply(value)
  if (Array.isArray(value)) return value.map((one) => hideIn(mask, one))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, hideIn(mask, one)]))
}

function showable(text: string, isStart: boolean, whole: string[], wrapped: string[]): number {
  // At its start, a line can continue an encoding that the line before began.
  if (isStart && wrapped.some((pattern) => pattern.includes(text))) return 0
  const held = Math.max(0, ...[...whole, ...wrapped].map((pattern) => overlap(text, pattern)))
  const end = text.length - held
  const across = merge(wholeSpans(text, whole)).find(([from, to]) => from < end && to > end)
  return across ? across[0] : end
}

/** The length of the longest end of the text with which the pattern begins, without being whole. */
function overlap(text: string, pattern: string): number {
  const most = Math.min(text.length, pattern.length - 1)
  for (let length = most; length > 0; length -= 1)
    if (text.endsWith(pattern.slice(0, length))) return length
  return 0
}

type Span = [start: number, end: number]

function wholeSpans(line: string, patterns: string[]): Span[] {
  const spans: Span[] = []
  for (const pattern of patterns) {
    for (let at = line.indexOf(pattern); at !== -1; at = line.indexOf(pattern, at + 1))
      spans.push([at, at + pattern.length])
  }
  return spans
}

const partsOf = (text: string): string[] =>
  Array.from({ length: text.length - wrappedPart + 1 }, (_, i) => text.slice(i, i + wrappedPart))

/**
 * A wrapped encoding starts at the end of a line, continues in complete lines, and ends at the
 * start of a line.
 */
function mayShowPart(line: string, grams: Set<string>): boolean {
  return grams.has(line.slice(0, wrappedPart)) || grams.has(tail(line).slice(-wrappedPart))
}

const tail = (line: string): string => (line.endsWith('\r') ? line.slice(0, -1) : line)

function wrappedSpans(line: string, patterns: string[], grams: Set<string>): Span[] {
  if (!mayShowPart(line, grams)) return []
  const text = tail(line)
  return patterns.flatMap((pattern) => {
    const spans: Span[] = []
    if (text.length >= wholeLine && pattern.includes(text)) spans.push([0, text.length])
    const maxLength = Math.min(text.length, pattern.length)
    for (let length = maxLength; length >= wrappedPart; length -= 1) {
      if (text.endsWith(pattern.slice(0, length))) spans.push([text.length - length, text.length])
      if (text.startsWith(pattern.slice(-length))) spans.push([0, length])
    }
    return spans
  })
}

function merge(spans: Span[]): Span[] {
  const merged: Span[] = []
  for (const [start, end] of spans.sort((a, b) => a[0] - b[0])) {
    const last = merged.at(-1)
    if (last && start <= last[1]) last[1] = Math.max(last[1], end)
    else merged.push([start, end])
  }
  return merged
}

function hide(line: string, spans: Span[]): string {
  let at = 0
  let text = ''
  for (const [start, end] of merge(spans)) {
    text += line.slice(at, start) + hidden
    at = end
  }
  return text + line.slice(at)
}
