import type { Confinement } from './isolation.ts'

/**
 * Describes one command of a step and its result. `runner/` implements it: for the server as a
 * separate process, so that a command shares neither its memory nor its environment, and the runner
 * kills it when the server dies.
 */
export interface CommandSpec {
  /**
   * Identifies the attempt: in the environment of its processes and in the name of its log file.
   */
  id: string
  /** Run with `sh -e`. */
  command: string
  cwd: string
  /** The complete environment; nothing is inherited. */
  env: Record<string, string>
  timeoutMs: number
  /** The log file (JSON lines); created, or continued after its last complete line. */
  logFile: string
  /** Values that must never appear in the log. */
  masks: string[]
  /** Lines from Fairlead at the start of the log. */
  notes?: string[]
  /** How the shell is isolated (`isolation.ts`); left out for not at all. */
  confined?: Confinement
  /** Limits for all processes of the command; left out for none. */
  limits?: CommandLimits
  /** Programs that must be on the PATH; a missing one fails the command before it starts. */
  tools: string[]
}

/** A command that exceeds a limit is stopped and fails. */
export interface CommandLimits {
  /** Memory of all its processes, in megabytes. */
  memory: number
  /** What these folders contain together, in megabytes; not checked without folders. */
  disk: number
  folders: string[]
}

/**
 * `failed`: the command returned a failure. `broken`: there is no result, because it could not
 * start or was killed with the runner.
 */
export interface CommandResult {
  outcome: 'passed' | 'failed' | 'timed_out' | 'cancelled' | 'broken'
  exitCode: number | null
  /** One sentence when the command did not pass. */
  reason: string | null
  lines: number
}

export interface Runner {
  /**
   * Runs a command to its end. Aborting kills every process it started, also those that left its
   * process group.
   */
  run(spec: CommandSpec, signal: AbortSignal): Promise<CommandResult>
  close(): Promise<void>
}
