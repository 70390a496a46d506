import { join } from 'node:path'
import type { LogLine } from '#contract/run/run.ts'

/**
 * The log of one attempt of a step, as a file of JSON lines: who writes and who reads one agree
 * here on its path and on the form of a line.
 */

/** A line of the file, or a piece of one. The attempt is in the name of the file. */
export type StoredLine = Omit<LogLine, 'attempt'>

/** Path of the log of an attempt, counted from 1; `logs` is the folder with the logs of the run. */
export const logFile = (logs: string, step: string, attempt: number): string =>
  join(logs, step, `${attempt}.jsonl`)

/** One line with its line feed. The number comes first: see `numberAtStart`. */
export const formatLine = ({ n, time, stream, text, open }: StoredLine): string => {
  const end = open === true ? ',"open":true' : ''
  return `{"n":${n},"time":${time},"stream":"${stream}","text":${JSON.stringify(text)}${end}}\n`
}

/**
 * Joins the pieces of a line that was written before it ended: they have the same number. The
 * result is open if the last piece is.
 */
export function joinLine(before: StoredLine | undefined, { n, open, ...next }: StoredLine) {
  const isPiece = before?.n === n
  return {
    n,
    ...next,
    ...(isPiece ? { time: before.time, text: before.text + next.text } : {}),
    ...(open === true ? { open } : {}),
  }
}

/** The lines that adjacent pieces form. */
export function joinLines(pieces: StoredLine[]): StoredLine[] {
  const lines: StoredLine[] = []
  for (const piece of pieces) {
    const last = lines.at(-1)
    if (last?.n === piece.n) lines[lines.length - 1] = joinLine(last, piece)
    else lines.push(piece)
  }
  return lines
}

/** Null when the line is damaged. */
export function parseLine(text: string): StoredLine | null {
  try {
    const line = JSON.parse(text) as StoredLine
    return typeof line.n === 'number' && typeof line.text === 'string' ? line : null
  } catch {
    return null
  }
}

/** Bytes from the start of a line in which its whole number is found. */
export const numberWindow = 32

/** The number of a line, from its first `numberWindow` bytes; null when they start no line. */
export function numberAtStart(bytes: Buffer): number | null {
  const n = /^\{"n":(\d+),/.exec(bytes.toString('latin1', 0, numberWindow))?.[1]
  return n === undefined ? null : Number(n)
}
