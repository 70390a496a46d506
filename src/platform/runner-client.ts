import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { tmpdir } from 'node:os'
import type { Readable, Writable } from 'node:stream'
import type { CommandResult, CommandSpec, Runner } from './command.ts'
import type { Logger } from './log.ts'
import { byLine, type FromRunner, type ToRunner } from './runner-protocol.ts'
import { selfCommand } from './self.ts'

export interface RunnerOptions {
  /** default: this installation's own `runner` */
  command?: [string, ...string[]]
  log: Logger
  /** how long the runner keeps commands alive without hearing of `lease`, ms */
  leaseMs: number
}

interface Call {
  spec: CommandSpec
  signal: AbortSignal
  finish: (result: CommandResult) => void
}

type RunnerProcess = ChildProcessByStdio<Writable, Readable, Readable>

/**
 * Starts a runner as a process of its own, and another when it dies: commands in flight then answer `broken`, and what the
 * dead one left running is killed. `lease` prolongs the time for which commands may live. Rejects when it cannot start.
 */
export async function startRunner(options: RunnerOptions): Promise<Runner & { lease(validForMs: number): void }> {
  const { log } = options
  const calls = new Map<number, Call>()
  let lastCall = 0
  let isClosed = false
  let failures = 0
  let current: RunnerProcess | null = null
  let leaseMs = options.leaseMs

  const send = (message: ToRunner): void => {
    current?.stdin.write(`${JSON.stringify(message)}\n`)
  }
  const submit = (id: number, { spec, signal }: Call): void => {
    send({ kind: 'run', call: id, spec })
    if (signal.aborted) send({ kind: 'cancel', call: id })
  }
  const launch = (onReady: () => void): RunnerProcess => {
    const child = spawnRunner(options.command ?? selfCommand('runner'), log)
    child.stdout.on(
      'data',
      byLine((line) => {
        const message = JSON.parse(line) as FromRunner
        if (message.kind === 'ready') {
          failures = 0
          onReady()
        } else calls.get(message.call)?.finish(message.result)
      }),
    )
    current = child
    send({ kind: 'lease', ms: leaseMs })
    return child
  }
  const whenGone = (child: RunnerProcess): void => {
    let isHandled = false
    const handle = (how: string): void => {
      if (isHandled) return
      isHandled = true
      current = null
      const lost = [...calls.values()]
      for (const call of lost) call.finish(broken('the runner died while it ran'))
      if (isClosed) return
      failures += 1
      log.warn('the runner ended and is started again', { how, commands: lost.length })
      setTimeout(
        () => {
          if (isClosed) return
          whenGone(launch(() => undefined))
          if (lost.length > 0)
            send({ kind: 'clear', specs: lost.map(({ spec: { id, logFile } }) => ({ id, logFile })) })
          for (const [id, call] of calls) submit(id, call)
        },
        failures === 1 ? 0 : Math.min(100 * 2 ** failures, 5000),
      )
    }
    child.once('error', (error) => handle(error.message))
    child.once('exit', (code, signal) => handle(signal ?? `exit code ${code}`))
  }

  await new Promise<void>((ready, fail) => {
    const child = launch(ready)
    child.once('error', (error) => fail(new Error(`the runner cannot be started: ${error.message}`)))
    child.once('exit', (code, signal) =>
      fail(new Error(`the runner ended at its start (${signal ?? `exit code ${code}`})`)),
    )
    whenGone(child)
  }).catch((error: unknown) => {
    isClosed = true
    throw error
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
      leaseMs = validForMs
      send({ kind: 'lease', ms: validForMs })
    },
    close: async () => {
      isClosed = true
      const child = current
      if (!child) return
      const gone = new Promise((done) => child.once('exit', done))
      child.stdin.end()
      const impatience = setTimeout(() => child.kill('SIGKILL'), 10_000)
      await gone
      clearTimeout(impatience)
    },
  }
}

const broken = (reason: string): CommandResult => ({ outcome: 'broken', exitCode: null, reason, lines: 0 })

/** Logs of any size pass through the runner, and leave garbage faster than a large heap would be cleaned. */
const smallHeap = '--max-semi-space-size=4'

/** In a session of its own, so that Ctrl-C in the server's terminal is the server's to handle; nothing of its environment. */
function spawnRunner(command: [string, ...string[]], log: Logger): RunnerProcess {
  const [program, ...args] = command
  const child = spawn(program, args, {
    detached: true,
    env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin', TMPDIR: tmpdir(), LANG: 'C.UTF-8', NODE_OPTIONS: smallHeap },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  child.stdin.on('error', () => undefined) // it died; its exit says so
  child.stdout.setEncoding('utf8')
  child.stderr.setEncoding('utf8')
  child.stderr.on(
    'data',
    byLine((line) => log.warn('the runner says', { line })),
  )
  return child
}
