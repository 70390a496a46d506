import type { Clock, Sleep } from '#platform/clock.ts'
import type { Logger } from '#platform/log.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import type { Bell } from './bell.ts'

/** What a background job runs on; the server passes it once for all jobs. */
export interface JobRuntime {
  db: Database
  clock: Clock
  /** from 0 to below 1 */
  random(): number
  sleep: Sleep
  log: Logger
  /** name of this replica, the same as the engine's */
  replica: string
}

/**
 * Who runs a job:
 *
 * - `oneReplica`: one replica at a time, under a lease in the database. The interval is kept over
 *   all replicas together.
 * - `eachReplica`: every replica, for work on its own memory or machine.
 * - `rows`: every replica, on items that it claims, several at a time.
 */
export type Claim<T> = OneReplica | EachReplica | RowClaim<T>

export interface OneReplica {
  kind: 'one-replica'
  /** milliseconds; another replica takes over after it expires */
  lease: number
}

export interface EachReplica {
  kind: 'each-replica'
}

export interface RowClaim<T> {
  kind: 'rows'
  /** items that one replica works on at the same time */
  parallel: number
  /** names an item: one run per key at a time, and the key is in the log */
  key(item: T): string
  /**
   * Claims up to `count` items that are due, each for a limited time, and none whose key is in
   * `except`: these run here already, or failed here a moment ago. Called at each interval, after
   * `wake`, and after each item that succeeded. The run of an item releases the claim with its
   * result; when the run throws, the claim expires by itself.
   */
  take(request: { count: number; except: ReadonlySet<string> }): Promise<T[]>
  /**
   * Extends the claim of an item while it runs; called every `every` milliseconds. When it resolves
   * with false, another replica has the item, and the run's signal aborts.
   */
  renew?: { every: number; extend(item: T): Promise<boolean> }
}

export interface JobOptions<T> {
  /** unique among the jobs of a server; the API and the log show it */
  name: string
  /** milliseconds between two runs, or between two claims of rows; varied by a fifth */
  interval: number
  claim: Claim<T>
  /**
   * Does the work once. It must be safe to repeat: a replica that stalls may still be at it when
   * another one starts. It should end soon after `signal` aborts.
   */
  run(context: { item: T; signal: AbortSignal }): Promise<void>
  /** milliseconds after which a run is aborted, and counts as failed; default 5 minutes */
  timeout?: number
  /** longest pause after failures, in milliseconds; default ten intervals, at most a minute */
  maxPause?: number
}

export interface BackgroundJob {
  readonly name: string
  /** Makes the job due now. Calls before `run` and during a run of the job are not lost. */
  wake(): void
  /** Runs the job until the signal aborts and everything it started has ended. Never rejects. */
  run(runtime: JobRuntime, signal: AbortSignal): Promise<void>
}

/** A declared job with its defaults. */
export interface Job<T> extends Required<JobOptions<T>> {
  bell: Bell
}
export type RowsJob<T> = Job<T> & { claim: RowClaim<T> }
export type WholeJob = Job<null> & { claim: OneReplica | EachReplica }
