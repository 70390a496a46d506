/** Writes messages to standard error. Never pass secrets, payloads or environments. */
export interface Logger {
  info(message: string, fields?: Fields): void
  warn(message: string, fields?: Fields): void
  error(message: string, fields?: Fields): void
}

type Fields = Record<string, unknown>
type Level = 'info' | 'warn' | 'error'

export interface LogOptions {
  /** words for a person at a terminal; otherwise one line of JSON per message */
  isText?: boolean
  now?: () => number
}

export function createLogger(
  write: (line: string) => void,
  { isText = false, now = Date.now }: LogOptions = {},
): Logger {
  const format = isText ? textLine : jsonLine
  const at =
    (level: Level) =>
    (message: string, fields: Fields = {}) =>
      write(`${format(new Date(now()), level, message, fields)}\n`)
  return { info: at('info'), warn: at('warn'), error: at('error') }
}

const jsonLine = (time: Date, level: Level, message: string, fields: Fields): string =>
  JSON.stringify({ time: time.toISOString(), level, message, ...fields })

const labels: Record<Level, string> = { info: '', warn: 'warning: ', error: 'error: ' }

/** `12:03:04 warning: the console could not be built (code: 1)`. */
function textLine(time: Date, level: Level, message: string, fields: Fields): string {
  const details = Object.entries(fields)
    .filter(([, value]) => value !== undefined && value !== null && value !== '')
    .map(([name, value]) => `${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(', ')
  const clock = time.toTimeString().slice(0, 8)
  return `${clock} ${labels[level]}${message}${details === '' ? '' : ` (${details})`}`
}
