import type { CommandResult } from '#platform/process/command.ts'
import type { Found } from './tree.ts'

/** Why a command was stopped before it exited. */
export type Stop = 'timed_out' | 'cancelled' | 'broken' | 'failed'

type Ending = Omit<CommandResult, 'lines'>

/**
 * The result of a command: why it was stopped, if it was, even when it exited with 0 meanwhile;
 * else how it exited.
 */
export function judge(
  exit: { code: number | null; signal: NodeJS.Signals | null },
  stopped: { stop: Stop; reason: string } | null,
): Ending {
  if (stopped) return { outcome: stopped.stop, exitCode: exit.code, reason: stopped.reason }
  if (exit.code === 0) return { outcome: 'passed', exitCode: 0, reason: null }
  return {
    outcome: 'failed',
    exitCode: exit.code,
    reason: exit.code === null ? killedBy(exit.signal) : exitedWith(exit.code),
  }
}

const signalNames: Partial<Record<number, NodeJS.Signals>> = {
  1: 'SIGHUP',
  2: 'SIGINT',
  3: 'SIGQUIT',
  4: 'SIGILL',
  6: 'SIGABRT',
  7: 'SIGBUS',
  8: 'SIGFPE',
  9: 'SIGKILL',
  11: 'SIGSEGV',
  13: 'SIGPIPE',
  15: 'SIGTERM',
}

const signalWords: Partial<Record<NodeJS.Signals, string>> = {
  SIGILL: 'an illegal instruction',
  SIGABRT: 'the program aborted',
  SIGBUS: 'a bad memory access',
  SIGFPE: 'a division by zero',
  SIGKILL: 'often because memory ran out',
  SIGSEGV: 'a bad memory access',
  SIGPIPE: 'its output was closed',
}

function killedBy(signal: NodeJS.Signals | null): string {
  const words = signal === null ? undefined : signalWords[signal]
  return `was killed by ${signal ?? 'a signal'}${words ? ` (${words})` : ''}`
}

/** A shell exits with 126 or 127 by itself, and with 128 plus the signal of a killed command. */
function exitedWith(code: number): string {
  const signal = signalNames[code - 128]
  if (signal) return `exited with ${code}: its last command ${killedBy(signal)}`
  if (code === 127) return 'exited with 127: a command was not found'
  if (code === 126) return 'exited with 126: a command cannot be executed'
  return `exited with ${code}`
}

/** `3 processes (sleep, node)`. */
export function nameProcesses(found: Found[]): string {
  const programs = [...new Set(found.map(({ program }) => program))]
  const count = found.length === 1 ? '1 process' : `${found.length} processes`
  return `${count} (${programs.slice(0, 5).join(', ')})`
}

/** A duration in text, such as `5 minutes`, `1.5 s` or `300 ms`. */
export function inWords(ms: number): string {
  if (ms >= 120_000 && ms % 60_000 === 0) return `${ms / 60_000} minutes`
  return ms >= 1000 ? `${Math.round(ms / 100) / 10} s` : `${ms} ms`
}
