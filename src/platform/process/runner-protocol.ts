import type { CommandResult, CommandSpec } from './command.ts'

/**
 * Messages between the server and its runner: one JSON object per line, on the runner's stdin and
 * stdout.
 */
export type ToRunner =
  | { kind: 'run'; call: number; spec: CommandSpec }
  | { kind: 'cancel'; call: number }
  /** The commands may live for this many milliseconds from now. */
  | { kind: 'lease'; ms: number }
  /** Kills processes that an earlier runner left behind for these commands. */
  | { kind: 'clear'; specs: { id: string; logFile: string }[] }

export type FromRunner = { kind: 'ready' } | { kind: 'result'; call: number; result: CommandResult }

/** Calls back for each line of a stream that arrives in chunks. */
export function byLine(onLine: (line: string) => void): (chunk: string) => void {
  let pending = ''
  return (chunk) => {
    const lines = (pending + chunk).split('\n')
    pending = lines.pop() ?? ''
    for (const line of lines) if (line !== '') onLine(line)
  }
}
