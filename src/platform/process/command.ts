/**
 * What it takes to run one command of a step, and what came of it. The implementation is `runner/`:
 * in the server's case a process of its own, so that a command never shares the server's memory,
 * environment or fate.
 */
export interface CommandSpec {
  /**
   * names this attempt everywhere: in the environment of every process it starts, in its log's file
   * name
   */
  id: string
  /** given to `sh -e` */
  command: string
  cwd: string
  /** the whole environment; nothing is inherited */
  env: Record<string, string>
  timeoutMs: number
  /**
   * file of log lines (JSON, one LogLine without `attempt` a line); created, or continued after its
   * last whole line
   */
  logFile: string
  /** values that must never appear in the log */
  masks: string[]
  /** lines of ours that the log begins with */
  notes?: string[]
  /**
   * words before the shell that keep it from what is not its own (`isolation.ts`); empty for none
   */
  confined?: string[]
  /**
   * programs that must be on the PATH; the first that is missing fails the command before it starts
   */
  tools: string[]
}

/**
 * `failed`: the command said no. `broken`: there is no answer (it was killed with the runner, or
 * could not start).
 */
export interface CommandResult {
  outcome: 'passed' | 'failed' | 'timed_out' | 'cancelled' | 'broken'
  exitCode: number | null
  /** one sentence when it did not pass */
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
