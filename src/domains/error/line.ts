/** What a logger or a supervisor wrote before the text of a line. */
export interface SplitLine {
  /** names the writer, such as a thread, so that its lines are read together; empty for none */
  writer: string
  text: string
  /** milliseconds; null when the line has no time */
  time: number | null
}

const colours = /\x1b\[[\d;]{0,20}m/g
const day = /^\[?(\d{4}-\d\d-\d\d)[T ]/
const clock = /^\[?(\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?)\]?(?: |$)/
/** `web-1  | text`, `[worker-2] text`, `(pid 12) text`. */
const writer = /^(?:([\w./-]{1,40}) {0,8}\| ?|[[(]([\w .:#/-]{1,60})[\])] ?)/
const level = /^(?:ERROR|FATAL|WARN|WARNING|CRITICAL|INFO|DEBUG|SEVERE)(?::|\s)\s{0,4}/

/** Characters of a line that are read. */
const longest = 2000

/** Splits the text of a line from time, writer and level. The indentation of the text is kept. */
export function splitLine(line: string): SplitLine {
  let text = line.slice(0, longest).replace(colours, '').trimEnd()
  let at: number | null = null
  const date = day.exec(text)
  const stamp = clock.exec(date ? text.slice(date[0].length) : text)
  if (stamp) {
    text = text.slice((date?.[0].length ?? 0) + stamp[0].length)
    at = date ? timeOf(`${date[1]}T${stamp[1]}`) : null
  }
  const found = writer.exec(text)
  if (found) text = text.slice(found[0].length)
  const severity = stamp || found ? level.exec(text) : null
  if (severity) text = text.slice(severity[0].length)
  return { writer: found?.[1] ?? found?.[2] ?? '', text, time: at }
}

function timeOf(text: string): number | null {
  if (text.length < 19) return null
  const iso = text.replace(' ', 'T').replace(',', '.')
  const parsed = Date.parse(/[Z+]|-\d\d:?\d\d$/.test(iso.slice(19)) ? iso : `${iso}Z`)
  return Number.isNaN(parsed) ? null : parsed
}

/** Names under which loggers store a trace: pino, bunyan, winston, structlog, Logback, .NET. */
const traceFields = ['stack', 'stack_trace', 'stacktrace', 'exception', 'exc_info', 'traceback']
const errorFields = ['err', 'error', 'exception', 'e', 'thrown', 'cause']
const longestJson = 100_000

/** The trace in a line of JSON; null when the line is none or has none. */
export function traceInJson(line: string): { text: string; time: number | null } | null {
  if (!line.startsWith('{') || line.length > longestJson) return null
  let parsed: unknown
  try {
    parsed = JSON.parse(line)
  } catch {
    return null
  }
  const text = traceOf(parsed)
  if (text === null) return null
  const { time, timestamp, ts, '@timestamp': at } = parsed as Record<string, unknown>
  return { text, time: momentOf(time ?? timestamp ?? at ?? ts) }
}

function traceOf(value: unknown, depth = 0): string | null {
  if (typeof value !== 'object' || value === null || depth > 2) return null
  const fields = value as Record<string, unknown>
  for (const name of traceFields) {
    const text = fields[name]
    if (typeof text === 'string' && text.includes('\n')) return text
  }
  for (const name of errorFields) {
    const text = traceOf(fields[name], depth + 1)
    if (text !== null) return text
  }
  return null
}

function momentOf(value: unknown): number | null {
  if (typeof value === 'string') return timeOf(value)
  // What is no time before the year 10,000 is none at all.
  if (typeof value !== 'number' || value >= 253_402_300_800_000) return null
  return value > 1e11 ? value : value > 1e8 ? value * 1000 : null
}
