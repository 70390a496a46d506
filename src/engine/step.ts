import { sqlState } from '#platform/postgres/postgres.ts'
import { toJson, type Statement } from '#platform/postgres/sql.ts'
import { appendEvent } from './events.ts'
import {
  checkpoint,
  isShielded,
  requireRunnable,
  requireLease,
  stopSignal,
  wait,
  type Execution,
} from './execution.ts'
import {
  beginStep,
  endStep,
  flushStep,
  startWorkflow,
  type RecordedStep,
  type StepOutcome,
} from './records.ts'
import {
  Broken,
  Cancelled,
  Failed,
  LeaseLost,
  type StepContext,
  type StepOptions,
} from './workflow.ts'

type Body<T> = (step: StepContext) => Promise<T>

/** Returns the recorded result, waits for the step when it already runs, or runs it. */
export async function step<T>(
  execution: Execution,
  name: string,
  body: Body<T>,
  options: StepOptions,
): Promise<T> {
  const recorded = execution.recorded.get(name)
  if (recorded) return answer<T>(recorded)
  const running = execution.running.get(name)
  if (running) return running as Promise<T>
  const work = runStep(execution, name, body, options)
  execution.running.set(name, work)
  try {
    return await work
  } finally {
    execution.running.delete(name)
    execution.changed()
  }
}

function answer<T>(recorded: RecordedStep): T {
  if (recorded.outcome === 'failed') throw new Failed(recorded.reason ?? 'it failed')
  if (recorded.outcome === 'broken') throw new Broken(recorded.reason ?? 'every try broke')
  return recorded.result as T
}

/** The number of conflicts in a row after which a conflict counts as any other error. */
const maxConflicts = 4

/**
 * Whether another transaction was committed first: with the same unique key, or in a way that
 * cannot be serialized. The body decides again from what is stored then.
 */
const isConflict = (error: unknown): boolean =>
  ['23505', '40001', '40P01'].includes(sqlState(error) ?? '')

/** The limit for a step that never ends because it kills its process each time. */
const maxAttempts = 50

async function runStep<T>(
  execution: Execution,
  name: string,
  body: Body<T>,
  options: StepOptions,
): Promise<T> {
  const retries = options.retries ?? 5
  for (let tries = 1; ; tries += 1) {
    requireRunnable(execution)
    const attempt = await begin(execution, name, tries)
    if (attempt > maxAttempts)
      return giveUp(execution, name, `${name} was started ${maxAttempts} times and never ended`)
    try {
      return await runBody(execution, name, attempt, body)
    } catch (error) {
      requireLease(execution)
      if (error instanceof Failed || error instanceof LeaseLost || error instanceof Cancelled)
        throw error
      if (!isShielded(execution)) execution.cancelled.signal.throwIfAborted()
      const reason = describe(error)
      if (isConflict(error) && tries <= Math.min(maxConflicts, retries)) {
        const about = { workflow: execution.id, step: name, attempt }
        execution.context.log.info('a step conflicts with another one and runs again', about)
        await wait(tries * 50 * execution.context.random(), stopSignal(execution))
        continue
      }
      execution.context.log.warn('a step broke', {
        workflow: execution.id,
        step: name,
        attempt,
        error: reason,
      })
      if (execution.context.isFinal?.(error)) return fail(execution, name, reason)
      if (tries > retries) return giveUp(execution, name, reason)
      await wait(backOff(tries, execution.context.random), stopSignal(execution))
    }
  }
}

async function giveUp(execution: Execution, name: string, reason: string): Promise<never> {
  await end(execution, name, { outcome: 'broken', result: 'null', reason }, [])
  throw new Broken(reason)
}

/** Ends a step with an error that would be the same at each try; none of its writes is stored. */
async function fail(execution: Execution, name: string, reason: string): Promise<never> {
  await end(execution, name, { outcome: 'failed', result: 'null', reason }, [])
  throw new Failed(reason)
}

const describe = (error: unknown): string =>
  error instanceof Error ? error.message : String(error)

/** The pause after a try: 0.2 s, tripled each time up to 20 s, and varied by a quarter. */
function backOff(tries: number, random: () => number): number {
  return Math.min(200 * 3 ** (tries - 1), 20_000) * (0.75 + random() / 2)
}

async function begin(execution: Execution, name: string, tries: number): Promise<number> {
  const [rows] = await checkpoint(execution, [beginStep(execution, name, tries)])
  // The lease may have expired before the answer arrived.
  requireLease(execution)
  return Number(rows?.[0]?.['attempt'] ?? 1)
}

async function runBody<T>(
  execution: Execution,
  name: string,
  attempt: number,
  body: Body<T>,
): Promise<T> {
  const pending: Statement[] = []
  const context = stepContext(execution, name, attempt, pending)
  let result: T
  try {
    result = await body(context)
  } catch (error) {
    if (error instanceof Failed && !execution.lost.signal.aborted)
      await end(
        execution,
        name,
        { outcome: 'failed', result: 'null', reason: error.message },
        pending,
      )
    throw error
  }
  const json = toJson(result)
  await end(execution, name, { outcome: 'passed', result: json, reason: null }, pending)
  return JSON.parse(json) as T
}

async function end(
  execution: Execution,
  name: string,
  ended: { outcome: StepOutcome; result: string; reason: string | null },
  statements: Statement[],
): Promise<void> {
  await checkpoint(execution, [
    endStep(execution, name, ended.outcome, ended.result, ended.reason),
    ...statements,
  ])
  execution.recorded.set(name, { name, ...ended, result: JSON.parse(ended.result) as unknown })
}

function stepContext(
  execution: Execution,
  name: string,
  attempt: number,
  pending: Statement[],
): StepContext {
  let flushes = 0
  return {
    key: `${execution.id}/${name}`,
    epoch: execution.epoch,
    attempt,
    signal: stopSignal(execution),
    write: (statement) => void pending.push(statement),
    emit: (event) => void pending.push(appendEvent({ ...event, chain: execution.chain })),
    start: (workflow) => void pending.push(startWorkflow(workflow)),
    flush: async () => {
      const statements = pending.splice(0)
      if (statements.length === 0) return
      flushes += 1
      await checkpoint(execution, [flushStep(execution, name, flushes), ...statements])
      requireLease(execution)
    },
  }
}
