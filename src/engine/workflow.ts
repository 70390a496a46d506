import type { WorkflowEvent } from '#contract/events.ts'
import type { Statement } from '#platform/postgres/sql.ts'

/**
 * A workflow of the durable engine: an async function in which every effect is a named step. After
 * a crash the function is called again, and completed steps return their result from the database.
 * docs/decisions/0003 explains the rules.
 */
export interface WorkflowDefinition<I = unknown, O = unknown> {
  /** a noun, such as `delivery` or `rollback` */
  name: string
  /**
   * Increase it when recorded steps of the version before no longer match the function. A workflow
   * of an older version then ends as broken.
   */
  version: number
  /** workflows that one replica runs at the same time; others wait in the queue */
  concurrency: number
  run(context: WorkflowContext, input: I): Promise<O>
}

export interface WorkflowContext {
  readonly id: string
  readonly chain: string
  /**
   * Runs a step once. After a crash before the result was recorded, the body runs again; effects
   * outside the database therefore carry `step.key` and `step.epoch`. The result (JSON), the writes
   * and the events are stored in one transaction. A thrown Failed is recorded and thrown again; an
   * error that is final (`isFinal` of the engine) becomes one. When another step has stored the
   * same unique key meanwhile, the body runs again at once. Any other error is retried with
   * back-off, and then thrown as Broken.
   */
  step<T>(name: string, body: (step: StepContext) => Promise<T>, options?: StepOptions): Promise<T>
  /** Waits a number of milliseconds. The end is recorded, so that a crash does not extend it. */
  sleep(name: string, ms: number): Promise<void>
  /**
   * Calls `check` every `ms` milliseconds until it returns something other than null, which is
   * recorded. The workflow occupies no slot while it waits. The writes of `check` must be safe to
   * repeat, and an error counts as null.
   */
  until<T>(name: string, ms: number, check: () => Promise<T | null>): Promise<T>
  /**
   * Acquires a named lock for the workflow, and waits in its queue if necessary. `rank` orders the
   * queue, the highest first. The engine releases the lock when the workflow ends. After a replay,
   * the workflow still has it.
   */
  lock(name: string, rank: number): Promise<void>
  unlock(name: string): Promise<void>
  /** Runs clean-up that a cancellation must not interrupt. */
  uncancelled<T>(body: () => Promise<T>): Promise<T>
}

export interface StepContext {
  /** `WORKFLOW/STEP`: the idempotency key for the effects of this step */
  readonly key: string
  /** fencing token: increases each time another replica takes over the workflow */
  readonly epoch: number
  /** 1, or more when the body ran before without a recorded end */
  readonly attempt: number
  /** aborted when the workflow is cancelled or the lease is lost */
  readonly signal: AbortSignal
  /** Adds a write to the transaction that ends the step. */
  write(statement: Statement): void
  /** Adds an event, with the chain of the workflow, to the transaction. */
  emit(event: WorkflowEvent): void
  /** Adds the start of another workflow to the transaction. */
  start(workflow: NewWorkflow): void
  /**
   * Stores the writes and events so far, fenced, before the body continues. Use it for states that
   * people watch, such as `started`.
   */
  flush(): Promise<void>
}

export interface StepOptions {
  /** tries after the first one when the body throws; default 5 */
  retries?: number
}

export interface NewWorkflow {
  /** unique; a second start with the same id has no effect */
  id: string
  name: string
  chain: string
  input: unknown
}

/**
 * `suspended`: three processes crashed while they ran a step of it, without a step that ended in
 * between. It keeps its locks, and does not run until someone continues or cancels it.
 */
export type WorkflowState =
  | 'queued'
  | 'running'
  | 'suspended'
  | 'succeeded'
  | 'failed'
  | 'cancelled'
  | 'broken'

/** The result is negative: a decision, not an accident. It is recorded and never retried. */
export class Failed extends Error {
  override name = 'Failed'
}

/** There is no result: every try of a step threw an error. */
export class Broken extends Error {
  override name = 'Broken'
}

/**
 * The workflow was cancelled. The next step throws it, or the running one when its body reacts to
 * the signal.
 */
export class Cancelled extends Error {
  override name = 'Cancelled'
}

/**
 * This replica lost its lease and must stop immediately, without another effect. A workflow never
 * catches it.
 */
export class LeaseLost extends Error {
  override name = 'LeaseLost'
}

/** Runs workflows on one replica. */
export interface Engine {
  /** Starts to claim and run workflows. Any number of replicas may do so at the same time. */
  open(): Promise<void>
  /**
   * Stops claiming, aborts the running steps and releases the workflows, so that another replica
   * continues them immediately.
   */
  close(): Promise<void>
  /**
   * Returns the statements that start a workflow, for the same batch as the state and the event
   * that they belong to.
   */
  startStatements(workflow: NewWorkflow): Statement[]
  /**
   * Requests a workflow to stop. One that is suspended ends at once, without running. Returns false
   * when it has ended or does not exist.
   */
  cancel(id: string): Promise<boolean>
  /** Waits until a workflow ends, and returns its result. */
  result(
    id: string,
    signal?: AbortSignal,
  ): Promise<{ state: WorkflowState; output: unknown; reason: string | null }>
}
