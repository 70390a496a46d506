/** One sample of Prometheus' text format, or of a query result. */
export interface Point {
  name: string
  labels: Record<string, string>
  value: number
}

const escapes: Record<string, string> = { '\\n': '\n', '\\"': '"', '\\\\': '\\' }

/** Characters; the server parses the text of services between requests. */
const maxLength = 2_000_000

/**
 * Parses the Prometheus text format 0.0.4 and OpenMetrics 1.0, in time proportional to the length
 * of the text. Ignores invalid lines. A text of more than two million characters has no points:
 * its metrics are unknown.
 */
export const parseExposition = (text: string): Point[] =>
  text.length > maxLength ? [] : text.split('\n').flatMap((line) => parseLine(line) ?? [])

/** The types of metrics by name, from the lines `# TYPE`. */
export const parseTypes = (text: string): Map<string, string> =>
  new Map(
    (text.length > maxLength ? [] : text.split('\n')).flatMap((line): [string, string][] => {
      const [hash, keyword, name, type] = line.split(/[ \t]+/, 4)
      return hash === '#' && keyword === 'TYPE' && name && type ? [[name, type.trim()]] : []
    }),
  )

const nameAt = /[a-zA-Z_:][\w:]*/y
const number = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/
const infinity = /^([+-]?)inf(?:inity)?$/i

/** The value of a number of the format; NaN for NaN and for what is not one, such as `0x1`. */
function numberOf(text: string): number {
  const [, sign] = infinity.exec(text) ?? []
  if (sign !== undefined) return sign === '-' ? -Infinity : Infinity
  return number.test(text) ? Number(text) : Number.NaN
}

function parseLine(line: string): Point | null {
  const name = matchAt(nameAt, line, 0)?.[0]
  if (name === undefined) return null
  const set = line[name.length] === '{' ? parseLabels(line, name.length) : null
  if (line[name.length] === '{' && set === null) return null
  // An exemplar follows the first `#`.
  const [rest = ''] = line.slice(set?.end ?? name.length).split('#', 1)
  const [value = '', time, ...more] = rest.trim().split(/[ \t]+/)
  if (!/^[ \t]/.test(rest) || more.length > 0) return null
  const found = numberOf(value)
  const isValid = time === undefined || number.test(time)
  return Number.isNaN(found) || !isValid ? null : { name, labels: set?.labels ?? {}, value: found }
}

const labelAt = /\s*([a-zA-Z_]\w*)\s*=\s*"/y
const commaAt = /\s*,/y
const endAt = /\s*\}/y

/** Reads the labels in braces that begin at a position; null when they are not valid. */
function parseLabels(
  text: string,
  start: number,
): { labels: Record<string, string>; end: number } | null {
  const labels = new Map<string, string>()
  for (let at = start + 1; ;) {
    const end = matchAt(endAt, text, at)
    if (end) return { labels: Object.fromEntries(labels), end: at + end[0].length }
    const label = matchAt(labelAt, text, at)
    const name = label?.[1]
    if (!label || name === undefined || labels.has(name)) return null
    const from = at + label[0].length
    const to = endOfString(text, from)
    if (to === -1) return null
    labels.set(
      name,
      text.slice(from, to).replace(/\\[n"\\]/g, (escape) => escapes[escape] ?? escape),
    )
    const comma = matchAt(commaAt, text, to + 1)
    at = to + 1 + (comma?.[0].length ?? 0)
    if (!comma && !matchAt(endAt, text, at)) return null
  }
}

/** The position of the quote that ends a string; -1 without one. */
function endOfString(text: string, from: number): number {
  let at = from
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1
  return at < text.length ? at : -1
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at
  return pattern.exec(text)
}

/** A metric with labels that must be equal, such as `jobs_total{queue="mail"}`. */
export interface Selector {
  name: string
  /** Null when the part in braces is not valid: then the selector matches nothing. */
  labels: Record<string, string> | null
}

export function parseSelector(series: string): Selector {
  const brace = series.indexOf('{')
  return brace === -1
    ? { name: series, labels: {} }
    : { name: series.slice(0, brace), labels: parseLabels(series, brace)?.labels ?? null }
}

/** The points that a selector names. */
export const select = (points: Point[], { name, labels }: Selector): Point[] =>
  labels === null
    ? []
    : points.filter(
        (point) =>
          point.name === name &&
          Object.entries(labels).every(([key, value]) => point.labels[key] === value),
      )
