import { closeSync, openSync, readFileSync, writeSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { sizeOf } from '../log-file.ts'
import { replaceFile } from '../state.ts'
import type { Engine } from './engine.ts'
import { EngineError } from './engine-http.ts'
import { OutputFrames, sinceOf } from './output-frames.ts'
import { OutputPosition, savedPosition } from './output-position.ts'

/** Milliseconds between two writes of the position, and between two tries to reach the Engine. */
const pauseMs = { mark: 1000, retry: 200 }

interface ContainerOutputOptions {
  engine: Pick<Engine, 'output' | 'inspect'>
  container: string
  logFile: string
  positionFile: string
}

/**
 * Copies the output of a container to its log, each piece once, also over restarts of the host and
 * of the Engine. The Engine keeps the output until the container is removed.
 */
export class ContainerOutput {
  readonly #options: ContainerOutputOptions
  #stream: IncomingMessage | null = null
  #isLeft = false
  /** Resolves when all of the output is in the log, or the container is gone. */
  readonly done: Promise<void>

  constructor(options: ContainerOutputOptions) {
    this.#options = options
    this.done = this.#follow()
  }

  async #follow(): Promise<void> {
    for (; !this.#isLeft; await sleep(pauseMs.retry, undefined, { ref: false })) {
      try {
        await this.#copy()
        const seen = await this.#options.engine.inspect(this.#options.container)
        if (seen === null || !seen.State.Running) return
      } catch (error) {
        if (error instanceof EngineError && error.status === 404) return
      }
    }
  }

  async #copy(): Promise<void> {
    const { engine, container, logFile, positionFile } = this.#options
    const position = readPosition(positionFile, sizeOf(logFile))
    this.#stream = await engine.output(container, sinceOf(position.since))
    if (this.#isLeft) return void this.#stream.destroy()
    const log = openSync(logFile, 'a', 0o600)
    const frames = new OutputFrames()
    const marker = setInterval(() => this.#mark(position), pauseMs.mark)
    try {
      for await (const chunk of this.#stream) {
        const texts = frames.push(chunk as Buffer).map((piece) => position.take(piece))
        writeAll(log, Buffer.concat(texts))
      }
    } finally {
      clearInterval(marker)
      closeSync(log)
      this.#mark(position)
    }
  }

  #mark(position: OutputPosition): void {
    if (position.isBehind) return
    const { positionFile, logFile } = this.#options
    try {
      const saved = { ...position.mark(), size: sizeOf(logFile) }
      replaceFile(positionFile, JSON.stringify(saved), false)
    } catch {
      // On a full disk, the next mark is written again.
    }
  }

  /** Leaves the rest to another host. */
  leave(): void {
    this.#isLeft = true
    this.#stream?.destroy()
  }
}

function writeAll(fd: number, bytes: Buffer): void {
  for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at)
}

/** Begins with an empty position, for a log of that size. */
export function beginOutput(positionFile: string, logFile: string): void {
  const saved = { since: '0', taken: 0, size: sizeOf(logFile) }
  replaceFile(positionFile, JSON.stringify(saved), false)
}

/** Where a log of that size ends in the output. */
function readPosition(file: string, size: number): OutputPosition {
  try {
    const saved = savedPosition.parse(JSON.parse(readFileSync(file, 'utf8')))
    // A log that was too long may be empty now.
    return new OutputPosition(saved, Math.max(0, size - saved.size))
  } catch {
    return new OutputPosition(null, 0)
  }
}
