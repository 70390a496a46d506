import type { WorkflowEvent } from '#contract/events.ts'
import type { Statement } from '#platform/postgres/sql.ts'

/**
 * The durable engine, as its users see it. A workflow is an async function whose every effect is a
 * named step; after a crash it is called again and the steps that ended answer from the database.
 * See docs/decisions/0003 and the rules there.
 */
export interface WorkflowDefinition<I = unknown, O = unknown> {
  /** the noun of what it does: `delivery`, `rollback` */
  name: string
  /**
   * raise it when recorded steps of an older version no longer fit; a run of an older version then
   * stops and says so
   */
  version: number
  /** how many may run at once on one replica; more wait */
  concurrency: number
  run(context: WorkflowContext, input: I): Promise<O>
}

export interface WorkflowContext {
  readonly id: string
  readonly chain: string
  /**
   * Does something once. The body may run again when a crash came before its result was recorded,
   * so its effects outside the database carry `step.key` and `step.epoch`. Its result (JSON),
   * writes and events are stored in one transaction. A Failed it throws is recorded and thrown;
   * anything else is retried with back-off, then thrown as Broken.
   */
  step<T>(name: string, body: (step: StepContext) => Promise<T>, options?: StepOptions): Promise<T>
  /** Waits without a worker's memory being the only one who knows: the end is recorded. */
  sleep(name: string, ms: number): Promise<void>
  /**
   * Looks every so many milliseconds until there is an answer, which is recorded. It takes no place
   * among the workflows that may run at once while it waits. `look` is repeated as often as it
   * takes: what it writes must be safe to repeat; what it throws is as no answer.
   */
  until<T>(name: string, ms: number, look: () => Promise<T | null>): Promise<T>
  /**
   * Takes a named lock for the workflow, waiting for it in the queue; the engine frees it when the
   * workflow ends. `rank` orders the queue, the highest first. Answers again at once after a
   * replay.
   */
  lock(name: string, rank: number): Promise<void>
  unlock(name: string): Promise<void>
  /** Runs clean-up that a cancel must not interrupt; steps inside it ignore the cancel. */
  uncancelled<T>(body: () => Promise<T>): Promise<T>
}

export interface StepContext {
  /** `<workflow>/<step>`: the idempotency key of this step's effects */
  readonly key: string
  /** fencing token: grows with each take-over of the workflow */
  readonly epoch: number
  /** 1, and more when the body ran before without a recorded end */
  readonly attempt: number
  /** aborted when the workflow is cancelled or the lease is lost */
  readonly signal: AbortSignal
  /** Adds a write to the transaction that ends the step. */
  write(statement: Statement): void
  /** Adds an event to it; chain is the workflow's. */
  emit(event: WorkflowEvent): void
  /** Adds the start of another workflow to it. */
  start(workflow: NewWorkflow): void
  /**
   * Stores writes and events now, fenced, before the body goes on: for `started` states that people
   * watch.
   */
  flush(): Promise<void>
}

export interface StepOptions {
  /** tries after the first when the body breaks; default 5 */
  retries?: number
}

export interface NewWorkflow {
  /** unique; starting the same id again changes nothing */
  id: string
  name: string
  chain: string
  input: unknown
}

export type WorkflowState = 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled' | 'broken'

/** The answer is no: a decision, not an accident. Recorded, and never retried by the engine. */
export class Failed extends Error {
  override name = 'Failed'
}

/** There is no answer: a step kept breaking. */
export class Broken extends Error {
  override name = 'Broken'
}

/**
 * Somebody cancelled the workflow. Thrown by the next step, or by the running one when its body
 * heeds the signal.
 */
export class Cancelled extends Error {
  override name = 'Cancelled'
}

/**
 * This replica lost its lease: it must stop at once and touch nothing. Never caught by a workflow.
 */
export class LeaseLost extends Error {
  override name = 'LeaseLost'
}

/** The engine, as the server holds it. */
export interface Engine {
  /** Begins to claim and run workflows; safe with any number of replicas. */
  open(): Promise<void>
  /**
   * Stops claiming, aborts what runs here and gives the leases back, so that another replica goes
   * on at once.
   */
  close(): Promise<void>
  /**
   * The statements that start a workflow; put them in the batch with the state and event they
   * belong to.
   */
  startStatements(workflow: NewWorkflow): Statement[]
  /** Asks a workflow to stop. Answers false when it has ended or never was. */
  cancel(id: string): Promise<boolean>
  /** Waits for the end of a workflow. */
  result(
    id: string,
    signal?: AbortSignal,
  ): Promise<{ state: WorkflowState; output: unknown; reason: string | null }>
}
