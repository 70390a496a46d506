import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { tmpdir } from 'node:os'
import type { Readable, Writable } from 'node:stream'
import type { CommandResult, CommandSpec, Runner } from './command.ts'
import type { Logger } from '#platform/log.ts'
import { byLine, type FromRunner, type ToRunner } from './runner-protocol.ts'
import { selfCommand } from '#platform/self.ts'

export interface RunnerOptions {
  /** Default: the `runner` of this installation. */
  command?: [string, ...string[]]
  log: Logger
  /** Milliseconds for which the runner keeps commands alive without a `lease` message. */
  leaseMs: number
}

interface Call {
  spec: CommandSpec
  signal: AbortSignal
  finish: (result: CommandResult) => void
}

type RunnerProcess = ChildProcessByStdio<Writable, Readable, Readable>

/**
 * Starts a runner as a separate process and restarts it when it dies: running commands then return
 * `broken`, and their processes are killed. `lease` extends the time for which commands may live.
 * Rejects when the runner cannot start.
 */
export async function startRunner(
  options: RunnerOptions,
): Promise<Runner & { lease(validForMs: number): void }> {
  const { log } = options
  const calls = new Map<number, Call>()
  let lastCall = 0
  let isClosed = false
  let closing: Promise<void> | null = null
  let failures = 0
  let current: RunnerProcess | null = null
  let leaseEnd = performance.now() + options.leaseMs
  let uncleared: { id: string; logFile: string }[] = []

  const send = (message: ToRunner): void => {
    current?.stdin.write(`${JSON.stringify(message)}\n`)
  }
  const submit = (id: number, { spec, signal, finish }: Call): void => {
    if (signal.aborted) return finish(cancelled)
    send({ kind: 'run', call: id, spec })
  }
  const launch = (onReady: () => void, onEnd: (how: string) => void): void => {
    const child = spawnRunner(options.command ?? selfCommand('runner'), log)
    const onMessage = (message: FromRunner): void => {
      if (message.kind === 'result') return calls.get(message.call)?.finish(message.result)
      failures = 0
      uncleared = []
      onReady()
    }
    child.stdout.on(
      'data',
      byLine((line) => onMessage(JSON.parse(line) as FromRunner)),
    )
    child.once('error', (error) => onEnd(error.message))
    // Not `exit`: buffered messages must be read first.
    child.once('close', (code, signal) => onEnd(signal ?? `exit code ${code}`))
    current = child
    send({ kind: 'lease', ms: Math.max(0, leaseEnd - performance.now()) })
    if (uncleared.length > 0) send({ kind: 'clear', specs: uncleared })
    for (const [id, call] of calls) submit(id, call)
  }
  const relaunch = (how: string): void => {
    current = null
    const lost = [...calls.values()]
    uncleared.push(...lost.map(({ spec: { id, logFile } }) => ({ id, logFile })))
    for (const call of lost) call.finish(broken('the runner died while it ran'))
    if (isClosed) return
    failures += 1
    log.warn('the runner ended and is restarted', { how, commands: lost.length })
    // Immediately, because processes of the dead runner are still alive; with a delay after
    // repeated failures.
    const again = (): void => {
      if (!isClosed) launch(() => undefined, once(relaunch))
    }
    if (failures === 1) again()
    else setTimeout(again, Math.min(100 * 2 ** failures, 5000))
  }

  await new Promise<void>((ready, fail) => {
    let isStarted = false
    const onReady = (): void => {
      isStarted = true
      ready()
    }
    const onEnd = once((how) =>
      isStarted ? relaunch(how) : fail(new Error(`the runner cannot be started: ${how}`)),
    )
    launch(onReady, onEnd)
  })

  return {
    run: (spec, signal) => {
      if (isClosed) return Promise.resolve(broken('the runner is closed'))
      lastCall += 1
      const id = lastCall
      return new Promise<CommandResult>((done) => {
        const cancel = (): void => send({ kind: 'cancel', call: id })
        const finish = (result: CommandResult): void => {
          calls.delete(id)
          signal.removeEventListener('abort', cancel)
          done(result)
        }
        calls.set(id, { spec, signal, finish })
        signal.addEventListener('abort', cancel, { once: true })
        submit(id, { spec, signal, finish })
      })
    },
    lease: (validForMs) => {
      leaseEnd = performance.now() + validForMs
      send({ kind: 'lease', ms: validForMs })
    },
    close: () => {
      isClosed = true
      closing ??= end(current)
      return closing
    },
  }
}

/** The runner kills its commands and exits when its stdin closes. */
async function end(child: RunnerProcess | null): Promise<void> {
  if (!child) return
  const gone = new Promise((done) => child.once('close', done))
  child.stdin.end()
  const impatience = setTimeout(() => child.kill('SIGKILL'), 10_000)
  await gone
  clearTimeout(impatience)
}

/** A process that cannot start emits two events. */
function once(act: (how: string) => void): (how: string) => void {
  let isDone = false
  return (how) => {
    if (!isDone) act(how)
    isDone = true
  }
}

const cancelled: CommandResult = {
  outcome: 'cancelled',
  exitCode: null,
  reason: 'was cancelled',
  lines: 0,
}

const broken = (reason: string): CommandResult => ({
  outcome: 'broken',
  exitCode: null,
  reason,
  lines: 0,
})

/** Logs of any size pass through the runner; a small heap is collected sooner. */
const smallHeap = '--max-semi-space-size=4'

/** Uses a session of its own, so that only the server handles Ctrl-C, and a clean environment. */
function spawnRunner(command: [string, ...string[]], log: Logger): RunnerProcess {
  const [program, ...args] = command
  const child = spawn(program, args, {
    detached: true,
    env: {
      PATH: process.env['PATH'] ?? '/usr/bin:/bin',
      TMPDIR: tmpdir(),
      LANG: 'C.UTF-8',
      NODE_OPTIONS: smallHeap,
    },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  child.stdin.on('error', () => undefined) // The exit event reports its death.
  child.stdout.setEncoding('utf8')
  child.stderr.setEncoding('utf8')
  child.stderr.on(
    'data',
    byLine((line) => log.warn('output of the runner', { line })),
  )
  return child
}
