import { execFile } from 'node:child_process'
import { closeSync, constants, openSync, rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** The two ends of a pipe. */
export interface Pipe {
  read: number
  write: number
}

/**
 * Real pipes for the output of commands. What Node would give them is a socket, and opening
 * /dev/stdout or /dev/stderr, as scripts do with `tee /dev/stderr`, fails on a socket.
 */
export interface Pipes {
  /** Makes some in the background, so that the first command need not wait for them. */
  prepare(): void
  /**
   * Answers two pipes, which are then the caller's to close; null when this machine has no mkfifo.
   */
  take(): Promise<[Pipe, Pipe] | null>
  close(): void
}

const atOnce = 8

/** Keeps a few pipes in hand: making them takes a process. */
export function createPipes(): Pipes {
  const spare: Pipe[] = []
  let making: Promise<void> | null = null
  let isClosed = false
  const refill = (): Promise<void> => {
    making ??= makePipes(atOnce)
      .then((pipes) => void spare.push(...pipes))
      .then(() => isClosed && closeAll())
      .finally(() => (making = null)) as Promise<void>
    return making
  }
  const closeAll = (): void => {
    for (const pipe of spare.splice(0)) {
      closeSync(pipe.read)
      closeSync(pipe.write)
    }
  }
  return {
    prepare: () => void refill().catch(() => undefined),
    take: async () => {
      if (spare.length < 2) await refill().catch(() => undefined)
      const [out, err] = spare.splice(0, 2)
      if (spare.length < 2 && !isClosed) refill().catch(() => undefined)
      if (out && err) return [out, err]
      if (out) spare.push(out)
      return null
    },
    close: () => {
      isClosed = true
      closeAll()
    },
  }
}

/**
 * Named pipes whose names are gone as soon as both ends are open, so that a killed process leaves
 * nothing behind.
 */
async function makePipes(count: number): Promise<Pipe[]> {
  const folder = await mkdtemp(join(tmpdir(), 'fairlead-pipes-'))
  try {
    const names = Array.from({ length: count }, (_, i) => join(folder, String(i)))
    await promisify(execFile)('mkfifo', ['-m', '600', ...names])
    return names.map((name) => {
      const read = openSync(name, constants.O_RDONLY | constants.O_NONBLOCK)
      return { read, write: openSync(name, constants.O_WRONLY) }
    })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
