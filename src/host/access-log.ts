import { appendFile, mkdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { AccessSink } from './edge/access.ts'

/** Limit in bytes of a file; the current and the previous one are kept. */
const limit = 16_000_000
/** Limit in bytes of lines that wait for the disk; of later ones, only the number is written. */
const maxWaiting = 4_000_000
const flushMs = 250

interface Waiting {
  lines: string[]
  bytes: number
  lost: number
}

export interface AccessLogOptions {
  /** has a folder for each app, and a file for each environment */
  folder: string
  log(message: string, fields?: Record<string, unknown>): void
}

/** The access logs of the edge: a line of JSON for each request, in files of limited size. */
export class AccessLog implements AccessSink {
  readonly #options: AccessLogOptions
  readonly #waiting = new Map<string, Waiting>()
  #work: Promise<void> | null = null

  constructor(options: AccessLogOptions) {
    this.#options = options
  }

  /** Adds a record; never waits for the disk. */
  write(app: string, environment: string, record: Record<string, unknown>): void {
    const file = this.#fileOf(app, environment)
    let waiting = this.#waiting.get(file)
    if (!waiting) this.#waiting.set(file, (waiting = { lines: [], bytes: 0, lost: 0 }))
    const line = `${JSON.stringify(record)}\n`
    if (waiting.bytes + line.length > maxWaiting) waiting.lost += 1
    else {
      waiting.lines.push(line)
      waiting.bytes += line.length
    }
    this.#work ??= pause(flushMs, undefined, { ref: false }).then(() => this.#flush())
  }

  /** Deletes the files of an environment. */
  remove(app: string, environment: string): void {
    const file = this.#fileOf(app, environment)
    this.#waiting.delete(file)
    for (const one of [file, `${file}.1`])
      rm(one, { force: true }).catch((error: Error) =>
        this.#options.log('an access log cannot be removed', { file: one, error: error.message }),
      )
  }

  /** Writes what waits. */
  async flush(): Promise<void> {
    await this.#work
    await this.#flush()
  }

  #fileOf(app: string, environment: string): string {
    return join(this.#options.folder, app, `${environment}.log`)
  }

  async #flush(): Promise<void> {
    const all = [...this.#waiting]
    this.#waiting.clear()
    this.#work = null
    for (const [file, { lines, lost }] of all) {
      if (lost > 0) lines.push(`${JSON.stringify({ 'fairlead.lost': lost })}\n`)
      try {
        await append(file, lines.join(''))
      } catch (error) {
        this.#options.log('an access log cannot be written', {
          ...{ file, lines: lines.length, error: (error as Error).message },
        })
      }
    }
  }
}

async function append(file: string, text: string): Promise<void> {
  await mkdir(join(file, '..'), { recursive: true, mode: 0o700 })
  const size = await stat(file).then(
    (one) => one.size,
    () => 0,
  )
  if (size > 0 && size + text.length > limit) await rename(file, `${file}.1`)
  await appendFile(file, text, { mode: 0o600 })
}
