import { spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { selfCommand } from '#platform/self.ts'

export interface Limits {
  /** Megabytes of the JavaScript heap. */
  memory: number
  /** Seconds, without the time that `receive` takes. */
  seconds: number
  /** Seconds between two messages. */
  silence?: number
}

export interface LimitedProcess {
  /** The first argument of `src/main.ts`. */
  face: string
  /** Sent to the process as JSON on its standard input. */
  input: unknown
  limits: Limits
  cwd?: string
  signal?: AbortSignal
  /** Receives each line that the process writes. The next one waits until it is done. */
  receive(line: string): Promise<void> | void
}

/** Why a limited process did not complete. */
export interface LimitFailure {
  /** The end of a sentence, such as `took longer than 20 seconds`. */
  reason: string
  /** Seconds that the process worked. */
  spent: number
}

/** Milliseconds between two checks of the limits. */
const period = 100
/** Megabytes that a process may use outside the JavaScript heap. */
const outsideHeap = 512
/** What a process of Node may need to start, by the clock of its processor. */
const startSeconds = 10

/** The processor time ends the process even when its server has died. */
const start = 'ulimit -c 0; ulimit -S -t "$0"; exec "$@"'

/**
 * Runs another face of Fairlead on input from strangers. The process is killed when it exceeds its
 * limits or the signal aborts. Returns null when it exits with 0. Throws what `receive` throws, or
 * an AbortError.
 */
export async function runLimited(started: LimitedProcess): Promise<LimitFailure | null> {
  const { face, input, limits, cwd = '/', signal, receive } = started
  const [node, ...args] = selfCommand(face)
  const heap = `--max-old-space-size=${limits.memory}`
  const cpu = String(Math.ceil(limits.seconds) + startSeconds)
  const child = spawn('/bin/sh', ['-c', start, cpu, node, heap, ...args], {
    cwd,
    env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin', HOME: '/' },
    stdio: ['pipe', 'pipe', 'ignore'],
    killSignal: 'SIGKILL',
    ...(signal ? { signal } : {}),
  })
  const ended = new Promise<NodeJS.Signals | number | null>((resolve) => {
    child.once('error', () => resolve(null))
    child.once('close', (code, by) => resolve(by ?? code))
  })
  child.stdin.on('error', () => undefined)
  child.stdin.end(`${JSON.stringify(input)}\n`)
  const watch = watchLimits(child.pid ?? 0, limits, () => child.kill('SIGKILL'))
  try {
    for await (const line of linesOf(child.stdout)) {
      watch.pause()
      await receive(line)
      watch.resume()
    }
    const end = await ended
    signal?.throwIfAborted()
    if (end === 0) return null
    return { reason: watch.exceeded() ?? reasonOf(end, limits), spent: watch.spent() }
  } finally {
    watch.stop()
    child.kill('SIGKILL')
  }
}

const tooLong = (seconds: number): string => `took longer than ${seconds} seconds`
const tooLarge = ({ memory }: Limits): string => `needed more than ${memory} MB of memory`

/** V8 aborts the process when its heap is full. */
function reasonOf(end: NodeJS.Signals | number | null, limits: Limits): string {
  if (end === 'SIGXCPU') return tooLong(limits.seconds)
  if (end === 'SIGABRT' || end === 'SIGTRAP') return tooLarge(limits)
  const how = typeof end === 'number' ? `with exit code ${end}` : `by ${end ?? 'an error'}`
  return `was ended ${how}`
}

interface Watch {
  pause(): void
  resume(): void
  stop(): void
  /** How the process exceeded its limits; null when it did not. */
  exceeded(): string | null
  spent(): number
}

/** Counts the time in which the process works, and reads its memory where `/proc` exists. */
function watchLimits(pid: number, limits: Limits, kill: () => void): Watch {
  const silence = limits.silence ?? limits.seconds
  // The process is silent while it starts.
  let [total, silent, isPaused] = [0, -Infinity, false]
  let failure: string | null = null
  const fail = (reason: string): void => {
    failure ??= reason
    kill()
  }
  const check = async (): Promise<void> => {
    if (isPaused) return
    total += period / 1000
    silent += period / 1000
    if (total > limits.seconds) fail(tooLong(limits.seconds))
    else if (silent > silence) fail(tooLong(silence))
    const resident = await residentMegabytes(pid)
    if (resident > limits.memory + outsideHeap) fail(tooLarge(limits))
  }
  const timer = setInterval(() => void check(), period)
  return {
    pause: () => void (isPaused = true),
    resume: () => {
      isPaused = false
      silent = 0
    },
    stop: () => clearInterval(timer),
    exceeded: () => failure,
    spent: () => total,
  }
}

async function residentMegabytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'latin1').catch(() => '')
  return Number(/^VmRSS:\s+(\d{1,15}) kB/m.exec(status)?.[1] ?? 0) / 1024
}

/** Reads only as much ahead as one chunk, so that a fast process waits for a slow reader. */
async function* linesOf(stream: Readable): AsyncGenerator<string> {
  let parts: string[] = []
  stream.setEncoding('utf8')
  for await (const piece of stream as AsyncIterable<string>) {
    let from = 0
    for (let at = piece.indexOf('\n'); at !== -1; at = piece.indexOf('\n', from)) {
      yield parts.join('') + piece.slice(from, at)
      parts = []
      from = at + 1
    }
    parts.push(piece.slice(from))
  }
}
