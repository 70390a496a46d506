import type { AsyncLocalStorage } from 'node:async_hooks'
import type { Clock } from '#platform/clock.ts'
import type { Logger } from '#platform/log.ts'
import { isPassing, sqlState, type Database, type Row } from '#platform/postgres/postgres.ts'
import type { Statement } from '#platform/postgres/sql.ts'
import type { ClaimedWorkflow, RecordedStep } from './records.ts'
import { Cancelled, LeaseLost, type WorkflowDefinition } from './workflow.ts'

/** What all executions of a replica share. */
export interface ReplicaContext {
  db: Database
  clock: Clock
  random: () => number
  log: Logger
  isFinal?: (error: unknown) => boolean
  /** true inside `uncancelled` */
  shield: AsyncLocalStorage<boolean>
  /** whether the lease of the replica is valid by its own clock */
  isLeaseValid(): boolean
  /** whether the replica stops, or has lost its lease and reported that */
  isClosed(): boolean
}

/** One workflow that runs on this replica, in one epoch. */
export interface Execution {
  readonly id: string
  readonly chain: string
  readonly epoch: number
  readonly workflow: ClaimedWorkflow
  readonly definition: WorkflowDefinition
  readonly context: ReplicaContext
  /** completed steps, by name */
  readonly recorded: Map<string, RecordedStep>
  /** running steps, by name */
  readonly running: Map<string, Promise<unknown>>
  /** number of acquisitions of each lock */
  readonly locks: Map<string, number>
  readonly lost: AbortController
  readonly cancelled: AbortController
  /** callbacks for when a lock is granted to this workflow */
  readonly granted: Set<() => void>
  /** locks and sleeps that it waits for now */
  waits: number
  isEnding: boolean
  /** notifies the replica that this execution may have become idle */
  changed(): void
}

export function createExecution(
  workflow: ClaimedWorkflow,
  definition: WorkflowDefinition,
  context: ReplicaContext,
  changed: () => void,
): Execution {
  const execution: Execution = {
    id: workflow.id,
    chain: workflow.chain,
    epoch: workflow.epoch,
    workflow,
    definition,
    context,
    recorded: new Map(),
    running: new Map(),
    locks: new Map(),
    lost: new AbortController(),
    cancelled: new AbortController(),
    granted: new Set(),
    waits: 0,
    isEnding: false,
    changed,
  }
  if (workflow.cancel) cancel(execution)
  return execution
}

/** An execution that only waits occupies no slot. */
export const isBusy = (execution: Execution): boolean =>
  execution.running.size > 0 || execution.waits === 0

export const cancel = (execution: Execution): void =>
  execution.cancelled.abort(new Cancelled('it was cancelled'))

export const lose = (execution: Execution): void =>
  execution.lost.abort(new LeaseLost(`another replica may run ${execution.id} now`))

export const isShielded = (execution: Execution): boolean =>
  execution.context.shield.getStore() === true

/** Throws LeaseLost when the lease is lost, or has expired by the clock of this replica. */
export function requireLease(execution: Execution): void {
  if (!execution.context.isLeaseValid()) lose(execution)
  execution.lost.signal.throwIfAborted()
}

/** Throws when the execution may not start anything new. */
export function requireRunnable(execution: Execution): void {
  requireLease(execution)
  if (!isShielded(execution)) execution.cancelled.signal.throwIfAborted()
}

/** The signal that ends a wait or a step body early; inside `uncancelled`, only a lost lease. */
export function stopSignal(execution: Execution): AbortSignal {
  const { lost, cancelled } = execution
  return isShielded(execution) ? lost.signal : AbortSignal.any([lost.signal, cancelled.signal])
}

const maxDatabaseTries = 5

/**
 * Sends fenced statements as one transaction. When the answer was lost, the fence of the next try
 * shows that the transaction was committed, and the result has no rows.
 */
export function checkpoint(execution: Execution, statements: Statement[]): Promise<Row[][]> {
  return retryWhileLeased(execution, () => execution.context.db.batch(statements), [])
}

/**
 * Repeats `send` while the database is unavailable, until the lease is lost. Returns `done` when an
 * earlier try turns out to have succeeded.
 */
export async function retryWhileLeased<T>(
  execution: Execution,
  send: () => Promise<T>,
  done: T,
): Promise<T> {
  for (let tries = 1, pause = 10; ; pause = Math.min(pause * 2, 250)) {
    requireLease(execution)
    try {
      return await send()
    } catch (error) {
      const state = sqlState(error)
      if (state === 'FL001') lose(execution)
      if (state === 'FL002' && tries > 1) return done
      requireLease(execution)
      // A lost connection is retried without a limit; an error that the database reports is not.
      const isRefused = state !== null && !/^(08|53|57P)/.test(state)
      if (!isPassing(error) || (isRefused && tries > maxDatabaseTries)) throw error
      tries += 1
      await wait(pause, execution.lost.signal)
    }
  }
}

/** Waits a number of milliseconds. Throws the reason of the signal when it aborts earlier. */
export function wait(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason as Error)
    const stop = (): void => {
      clearTimeout(timer)
      reject(signal.reason as Error)
    }
    const timer = setTimeout(
      () => {
        signal.removeEventListener('abort', stop)
        resolve()
      },
      Math.max(0, Math.min(ms, 2 ** 31 - 1)),
    )
    signal.addEventListener('abort', stop, { once: true })
  })
}
