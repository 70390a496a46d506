import type { CommandResult, CommandSpec } from './command.ts'

/**
 * What the server and its runner say to each other: one JSON object a line, on the runner's stdin
 * and stdout.
 */
export type ToRunner =
  | { kind: 'run'; call: number; spec: CommandSpec }
  | { kind: 'cancel'; call: number }
  /** the commands may live this much longer, from now */
  | { kind: 'lease'; ms: number }
  /** kills what an earlier runner left of these commands */
  | { kind: 'clear'; specs: { id: string; logFile: string }[] }

export type FromRunner = { kind: 'ready' } | { kind: 'result'; call: number; result: CommandResult }

/** Calls back for each line of a stream that arrives in pieces. */
export function byLine(onLine: (line: string) => void): (chunk: string) => void {
  let pending = ''
  return (chunk) => {
    const lines = (pending + chunk).split('\n')
    pending = lines.pop() ?? ''
    for (const line of lines) if (line !== '') onLine(line)
  }
}
