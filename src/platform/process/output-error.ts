import { stripVTControlCharacters } from 'node:util'

/** A line of the output of a service instance. */
export interface OutputLine {
  service: string
  index: number
  host?: string
  text: string
}

/** Longer lines are cut before they are compared with patterns. */
const longestLine = 400

const exception = new RegExp(
  String.raw`^(?:Uncaught |Exception in thread "[^"]*" |Unhandled exception\. )?` +
    String.raw`(?:[\w$]+[./])*[A-Z][\w$]*(?:Error|Exception|Failure)(?: \[[\w.]+\])?(?::|$)`,
)
const cause = /^\s*(?:Caused by: |---> )/
const frame = /^\s+(?:at |\.\.\. \d+ |--- End of |Suppressed: )/

/** What runtimes print when an app ends with an error. `read` returns the line that names it. */
const crashes: { pattern: RegExp; read?: (lines: string[], at: number) => string | undefined }[] = [
  // Python: the exception follows its indented frames.
  {
    pattern: /Traceback \(most recent call last\):$/,
    read: (lines, at) => lines.slice(at + 1).find((line) => /^\S/.test(line)),
  },
  // Java, .NET, Node: the innermost cause follows the frames of the outer ones.
  { pattern: exception, read: innermostCause },
  // Spring Boot.
  {
    pattern: /^APPLICATION FAILED TO START$/,
    read: (lines, at) => {
      const description = lines.indexOf('Description:', at)
      return description < 0 ? undefined : lines.slice(description + 1).find((line) => line !== '')
    },
  },
  // Rust: the message is on the next line since version 1.73.
  {
    pattern: /^thread '[^']*' (?:\(\d+\) )?panicked at /,
    read: (lines, at) =>
      lines[at]?.endsWith(':') ? `${lines[at]} ${lines[at + 1] ?? ''}` : lines[at],
  },
  // Go.
  { pattern: /^(?:panic|fatal error): / },
  // Ruby.
  { pattern: /(?:\.rb|>):\d+:in .*: .*\([A-Z][\w:]*\)$/ },
  { pattern: /\.rb:\d+: syntax error/ },
  // PHP.
  { pattern: /^(?:PHP )?(?:Fatal|Parse) error: / },
  // Elixir.
  { pattern: /^\*\* \(/ },
]

/** Words with which programs and shells report an error. */
const reports = [
  /(?:^|[\s["=[])(?:fatal|panic|critical|error)(?:[\]:"!]|\s*$)/i,
  /(?:^|\s)(?:FATAL|CRITICAL|ERROR)\s/,
  /: (?:command )?not found$|permission denied|no such file or directory/i,
  /^Can't locate | at \S+ line \d+\.$/,
  /\b(?:cannot|could not|unable to|failed to)\b|address already in use|connection refused/i,
]
const isDenial = (line: string): boolean => /\b(?:no|0|without) errors?\b/i.test(line)

/**
 * Finds the first error in the output of a program: the message of the first crash of a known
 * runtime, else the first line that reports an error; null when there is none. Pure.
 */
export function firstError(output: string[]): string | null {
  const lines = output.map((line) => stripVTControlCharacters(line.slice(0, longestLine)).trimEnd())
  for (const [at, line] of lines.entries()) {
    const crash = crashes.find(({ pattern }) => pattern.test(line))
    if (crash) return (crash.read?.(lines, at) ?? line).trim()
  }
  const report = lines.find(
    (line) => reports.some((pattern) => pattern.test(line)) && !isDenial(line),
  )
  return report?.trim() ?? null
}

function innermostCause(lines: string[], at: number): string | undefined {
  let found = lines[at]
  let isMessage = true
  for (const line of lines.slice(at + 1)) {
    if (cause.test(line)) found = line
    else if (frame.test(line)) isMessage = false
    // A message may have several lines, up to the first frame.
    else if (!isMessage) break
  }
  return found
}

const byInstance = <L extends OutputLine>(lines: L[]): L[][] => [
  ...Map.groupBy(lines, ({ host = '', service, index }) => `${host}/${service}.${index}`).values(),
]

/** The last `count` lines of each instance. Pure. */
export const lastOfEach = <L extends OutputLine>(lines: L[], count: number): L[] =>
  byInstance(lines).flatMap((one) => one.slice(-count))

/** The first error of each instance that reports one. Pure. */
export function firstErrors(output: OutputLine[]): OutputLine[] {
  return byInstance(output).flatMap((lines) => {
    const [first] = lines
    const text = firstError(lines.map((line) => line.text))
    return text === null || !first ? [] : [{ ...first, text }]
  })
}
