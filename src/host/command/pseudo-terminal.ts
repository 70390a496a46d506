import { execFile } from 'node:child_process'
import { readlinkSync } from 'node:fs'
import type { TerminalSize } from '#contract/job/job.ts'
import { findProgram, helperEnvironment, systemPath } from '#platform/process/program.ts'
import { familyOf, type Origin } from '../processes.ts'

/**
 * The words that run a command of `sh` in a pseudo-terminal of its own, between its input and its
 * output. See script(1) of util-linux. Throws one sentence when that program is missing.
 */
export function inTerminal(
  command: string,
  { columns, rows }: TerminalSize,
): [string, ...string[]] {
  const script = process.platform === 'linux' ? findProgram('script', systemPath) : undefined
  if (!script)
    throw new Error('the program script of util-linux is not installed (apt-get install bsdutils)')
  const sized = `stty columns ${columns} rows ${rows}\n${command}`
  return [script, '--quiet', '--return', '--flush', '--echo', 'always', '-c', sized, '/dev/null']
}

/** Changes the size; the kernel tells the program in the foreground (SIGWINCH). */
export function resize(origin: Origin, { columns, rows }: TerminalSize): void {
  const stty = findProgram('stty', systemPath)
  const device = familyOf(origin)
    .map((pid) => `/proc/${pid}/fd/0`)
    .find(isTerminal)
  if (!stty || device === undefined) return
  const words = ['-F', device, 'columns', String(columns), 'rows', String(rows)]
  // The terminal may have ended a moment ago.
  execFile(stty, words, { env: helperEnvironment() }, () => undefined)
}

function isTerminal(file: string): boolean {
  try {
    return readlinkSync(file).startsWith('/dev/pts/')
  } catch {
    return false
  }
}
