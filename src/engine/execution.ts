import type { AsyncLocalStorage } from 'node:async_hooks'
import type { Clock } from '#platform/clock.ts'
import type { Logger } from '#platform/log.ts'
import { isPassing, sqlState, type Database, type Row } from '#platform/postgres/postgres.ts'
import type { Statement } from '#platform/postgres/sql.ts'
import type { ClaimedWorkflow, RecordedStep } from './records.ts'
import { Cancelled, LeaseLost, type WorkflowDefinition } from './workflow.ts'

/** What every execution of a replica shares. */
export interface Surroundings {
  db: Database
  clock: Clock
  random: () => number
  log: Logger
  /** true inside `uncancelled` */
  shield: AsyncLocalStorage<boolean>
  /** whether the replica's lease is valid by its own clock */
  isLeaseValid(): boolean
}

/** One workflow that runs here, in one epoch. */
export interface Execution {
  readonly id: string
  readonly chain: string
  readonly epoch: number
  readonly workflow: ClaimedWorkflow
  readonly definition: WorkflowDefinition
  readonly around: Surroundings
  /** steps that ended, by name */
  readonly recorded: Map<string, RecordedStep>
  /** steps whose bodies run now, by name */
  readonly running: Map<string, Promise<unknown>>
  /** how often each lock was asked for */
  readonly locks: Map<string, number>
  readonly lost: AbortController
  readonly cancelled: AbortController
  /** called when a lock was granted to this workflow */
  readonly granted: Set<() => void>
  /** locks and sleeps it waits for */
  waits: number
  isEnding: boolean
  /** tells the engine that this execution may have become idle */
  changed(): void
}

export function createExecution(
  workflow: ClaimedWorkflow,
  definition: WorkflowDefinition,
  around: Surroundings,
  changed: () => void,
): Execution {
  const execution: Execution = {
    id: workflow.id,
    chain: workflow.chain,
    epoch: workflow.epoch,
    workflow,
    definition,
    around,
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

/** An execution that only waits takes no slot. */
export const isBusy = (execution: Execution): boolean =>
  execution.running.size > 0 || execution.waits === 0

export const cancel = (execution: Execution): void =>
  execution.cancelled.abort(new Cancelled('it was cancelled'))

export const lose = (execution: Execution): void =>
  execution.lost.abort(new LeaseLost(`another replica may run ${execution.id} now`))

export const isShielded = (execution: Execution): boolean =>
  execution.around.shield.getStore() === true

/** Throws LeaseLost when the lease is gone, also when only the clock says so. */
export function requireLease(execution: Execution): void {
  if (!execution.around.isLeaseValid()) lose(execution)
  execution.lost.signal.throwIfAborted()
}

/** Throws when nothing new may begin here. */
export function requireGo(execution: Execution): void {
  requireLease(execution)
  if (!isShielded(execution)) execution.cancelled.signal.throwIfAborted()
}

/** What ends a wait or a body early, where it is called. */
export function stopSignal(execution: Execution): AbortSignal {
  const { lost, cancelled } = execution
  return isShielded(execution) ? lost.signal : AbortSignal.any([lost.signal, cancelled.signal])
}

const mostDatabaseTries = 5

/**
 * Sends fenced statements as one transaction. When its answer was lost the fence tells that it was
 * done, and there are no rows.
 */
export function checkpoint(execution: Execution, statements: Statement[]): Promise<Row[][]> {
  return insist(execution, () => execution.around.db.batch(statements), [])
}

/**
 * While the database is away it tries again until the lease is lost. `done` is the answer when an
 * earlier try had done it.
 */
export async function insist<T>(execution: Execution, send: () => Promise<T>, done: T): Promise<T> {
  for (let tries = 1, pause = 10; ; pause = Math.min(pause * 2, 250)) {
    requireLease(execution)
    try {
      return await send()
    } catch (error) {
      const state = sqlState(error)
      if (state === 'FL001') lose(execution)
      if (state === 'FL002' && tries > 1) return done
      requireLease(execution)
      // Without a connection there is nothing else to do; what the database answers again and again
      // is an answer.
      const isRefused = state !== null && !/^(08|53|57P)/.test(state)
      if (!isPassing(error) || (isRefused && tries > mostDatabaseTries)) throw error
      tries += 1
      await wait(pause, execution.lost.signal)
    }
  }
}

/** Waits so many milliseconds, or until the signal aborts: then it throws its reason. */
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
