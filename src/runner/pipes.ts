import { execFile } from 'node:child_process'
import { closeSync, constants, openSync, rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { helperEnvironment, programOf } from '#platform/process/program.ts'

/** The two ends of a pipe. */
export interface Pipe {
  read: number
  write: number
}

/**
 * Pipes for the output of commands. Node creates sockets instead, and a socket cannot be opened as
 * /dev/stdout or /dev/stderr, as scripts do with `tee /dev/stderr`.
 */
export interface Pipes {
  /** Creates pipes in the background, so that the first command does not wait for them. */
  prepare(): void
  /** Returns two pipes, which the caller closes; null when the machine has no mkfifo. */
  take(): Promise<[Pipe, Pipe] | null>
  close(): void
}

const batchSize = 8

/** Keeps a few pipes ready, because creating them starts a process. */
export function createPipes(): Pipes {
  const spare: Pipe[] = []
  let making: Promise<void> | null = null
  let isClosed = false
  const refill = (): Promise<void> => {
    making ??= makePipes(batchSize)
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
 * Creates named pipes and removes their names once they are open, so that a crash leaves no files.
 */
async function makePipes(count: number): Promise<Pipe[]> {
  const folder = await mkdtemp(join(tmpdir(), 'fairlead-pipes-'))
  try {
    const names = Array.from({ length: count }, (_, i) => join(folder, String(i)))
    await promisify(execFile)(programOf('mkfifo'), ['-m', '600', ...names], {
      env: helperEnvironment(),
    })
    return names.map((name) => {
      const read = openSync(name, constants.O_RDONLY | constants.O_NONBLOCK)
      return { read, write: openSync(name, constants.O_WRONLY) }
    })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
