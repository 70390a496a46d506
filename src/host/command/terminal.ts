import type { ChildProcess } from 'node:child_process'
import { PassThrough } from 'node:stream'
import type { WebSocket } from 'ws'
import { FairleadError } from '#contract/errors.ts'
import { terminalSize, type TerminalSize } from '#contract/job/job.ts'
import { inputOf } from '#platform/process/app-command.ts'

/** Milliseconds between two pings; a connection that answers none until the next one is gone. */
const pingEvery = 15_000
/** Milliseconds in which the connection has to be made. */
const attachWithin = 30_000
/** Bytes that may wait for the connection before the command has to wait, too. */
const mostWaiting = 256 * 1024

export interface TerminalParts {
  child: ChildProcess
  resize(size: TerminalSize): void
  /** called when the connection ends before the command */
  disconnected(): void
}

/**
 * The terminal of a command, which belongs to one connection: the command ends with it. Binary
 * messages are input and output, text messages of the client a new size in JSON. Nothing is stored.
 */
export class Terminal {
  readonly #parts: TerminalParts
  /** Keeps what the command wrote before the connection, also when it has ended. */
  readonly #output: PassThrough[]
  readonly #late: NodeJS.Timeout
  #isTaken = false
  #hasEnded = false

  constructor(parts: TerminalParts) {
    this.#parts = parts
    this.#output = [parts.child.stdout, parts.child.stderr].flatMap(
      (stream) => stream?.pipe(new PassThrough()) ?? [],
    )
    this.#late = setTimeout(() => this.#end(), attachWithin).unref()
  }

  /** Takes the terminal for a connection; throws when it has one. */
  take(): void {
    if (this.#isTaken)
      throw new FairleadError('not_now', { why: 'The terminal has a connection already' })
    this.#isTaken = true
    clearTimeout(this.#late)
  }

  connect(socket: WebSocket): void {
    void this.#send(socket)
    this.#receive(socket)
    const stop = watch(socket)
    socket.on('error', () => socket.terminate())
    socket.once('close', () => {
      stop()
      this.#end()
    })
  }

  /** What the command still writes is read, so that it can end. */
  #end(): void {
    for (const stream of this.#output) stream.resume()
    if (!this.#hasEnded) this.#parts.disconnected()
  }

  /** A slow connection makes the command wait. */
  async #send(socket: WebSocket): Promise<void> {
    const ends = this.#output.map((stream) => {
      stream.on('data', (data: Buffer) => {
        if (socket.bufferedAmount > mostWaiting) stream.pause()
        socket.send(data, () => stream.resume())
      })
      return new Promise((resolve) => stream.once('end', resolve))
    })
    await Promise.all(ends)
    // The command has closed its terminal: it ends by itself, with its exit code.
    this.#hasEnded = true
    socket.close(1000)
  }

  #receive(socket: WebSocket): void {
    const { child, resize } = this.#parts
    const input = inputOf(child)
    input?.on('error', () => undefined)
    socket.on('message', (data: Buffer, isBinary) => {
      if (!isBinary) sizeIn(data, resize)
      else if (input?.write(data) === false) {
        socket.pause()
        input.once('drain', () => socket.resume())
      }
    })
  }
}

function sizeIn(data: Buffer, resize: TerminalParts['resize']): void {
  try {
    resize(terminalSize.parse(JSON.parse(data.toString('utf8'))))
  } catch {
    // A size that is none changes nothing.
  }
}

/** Ends a connection whose other side does not answer. */
function watch(socket: WebSocket): () => void {
  let hasAnswered = true
  socket.on('pong', () => (hasAnswered = true))
  const timer = setInterval(() => {
    if (!hasAnswered) return socket.terminate()
    hasAnswered = false
    socket.ping()
  }, pingEvery)
  return () => clearInterval(timer)
}
