import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Observations } from '#contract/host/observations.ts'
import type { HostCanary } from '#contract/host/route.ts'
import type { Batch } from '#contract/verdict/verdict.ts'
import { Count } from './edge/count.ts'
import { appendBatch, readBatches, readSessions, sizeOf } from './observation-file.ts'

export interface CanaryCountsOptions {
  /** Holds a file for each canary of the environment. */
  folder: string
  /** Called after each batch that was recorded. */
  changed(): void
  /** Called when a batch of a release could not be recorded. */
  failed(release: number, error: Error): void
}

/** The counts of each release of an environment that is, or recently was, a canary. */
export class CanaryCounts {
  readonly #options: CanaryCountsOptions
  readonly #counts = new Map<number, Count>()

  constructor(options: CanaryCountsOptions) {
    this.#options = options
  }

  /** The count of a canary, which begins with what is recorded of it. */
  of({ release, share, fresh, session, routes = {} }: HostCanary): Count {
    let count = this.#counts.get(release)
    if (!count) {
      const sessions = session ? readSessions(this.#file(release)) : []
      count = new Count((...recorded) => this.#record(release, ...recorded), sessions)
      this.#counts.set(release, count)
    }
    count.rule = { share, isFresh: fresh !== undefined, routes }
    return count
  }

  #record(release: number, batch: Batch, sessions: number[]): boolean {
    try {
      appendBatch(this.#file(release), batch, sessions)
      this.#options.changed()
      return true
    } catch (error) {
      this.#options.failed(release, error as Error)
      return false
    }
  }

  #file(release: number): string {
    return join(this.#options.folder, `${release}.jsonl`)
  }

  observations(release: number, after: number): Observations {
    const found = readBatches(this.#file(release), after)
    const isWhole = found.next === sizeOf(this.#file(release))
    const pending = isWhole ? (this.#counts.get(release)?.pending(performance.now()) ?? []) : []
    return pending.length === 0 ? found : { ...found, pending }
  }

  /** Emits the known outcomes of requests, and forgets a release that is no canary any more. */
  settle(now: number, canary: number | undefined): void {
    for (const [release, count] of this.#counts)
      if (count.settle(now) && release !== canary) this.#counts.delete(release)
  }

  /** Deletes what is recorded of a release. */
  remove(release: number): void {
    rmSync(this.#file(release), { force: true })
  }
}
