import { mkdirSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { InstanceOutput } from './output.ts'

/** How long the output of a removed release is read on; the server reads once a second. */
const readOnMs = 10_000

interface Removed {
  folder: string
  outputs: InstanceOutput[]
  timer: NodeJS.Timeout
}

/**
 * The output of removed releases. A release that fails at its start is removed within moments, and
 * the trace that explains the failure is the last thing that it wrote.
 */
export class RemovedOutput {
  readonly #root: string
  readonly #readOnMs: number
  readonly #removed = new Set<Removed>()
  #count = 0

  /** `root` is a folder of its own, on the file system of the logs. */
  constructor(root: string, readOn = readOnMs) {
    this.#root = root
    this.#readOnMs = readOn
  }

  /** Deletes what a previous host left. */
  sweep(): void {
    rmSync(this.#root, { recursive: true, force: true })
  }

  /** Moves a folder with logs away; nothing, when the release has never written. */
  keep(log: string, outputs: InstanceOutput[]): void {
    // Two hosts exist during a handover.
    const folder = join(this.#root, `${process.pid}-${(this.#count += 1)}`)
    try {
      mkdirSync(this.#root, { recursive: true, mode: 0o700 })
      renameSync(log, folder)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
      throw error
    }
    const mine = outputs.filter(({ file }) => dirname(file) === log)
    const removed: Removed = {
      folder,
      outputs: mine.map((one) => ({ ...one, file: join(folder, one.file.slice(log.length)) })),
      timer: setTimeout(() => this.#delete(removed), this.#readOnMs),
    }
    removed.timer.unref()
    this.#removed.add(removed)
  }

  #delete(removed: Removed): void {
    this.#removed.delete(removed)
    rmSync(removed.folder, { recursive: true, force: true })
  }

  /** What is still to be read. The outputs of a release that was started again replace it. */
  outputs(running: InstanceOutput[]): InstanceOutput[] {
    const keys = new Set(running.map(({ key }) => key))
    return [...this.#removed].flatMap(({ outputs }) => outputs).filter(({ key }) => !keys.has(key))
  }

  /** Leaves the files to the next host, which deletes them. */
  release(): void {
    for (const { timer } of this.#removed) clearTimeout(timer)
    this.#removed.clear()
  }
}
