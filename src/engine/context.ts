import { checkpoint, requireRunnable, stopSignal, wait, type Execution } from './execution.ts'
import { freeLock, leaveQueue, takeLock } from './records.ts'
import { step } from './step.ts'
import { Cancelled, type WorkflowContext } from './workflow.ts'

/** Builds the context that a workflow function receives. */
export function createContext(execution: Execution): WorkflowContext {
  return {
    id: execution.id,
    chain: execution.chain,
    step: (name, body, options = {}) => step(execution, name, body, options),
    sleep: (name, ms) => sleep(execution, name, ms),
    until: (name, ms, check) => until(execution, name, ms, check),
    lock: (name, rank) => lock(execution, name, rank),
    unlock: (name) => unlock(execution, name),
    uncancelled: (body) => execution.context.shield.run(true, body),
  }
}

async function sleep(execution: Execution, name: string, ms: number): Promise<void> {
  const { clock } = execution.context
  const until = await step(execution, `sleep ${name}`, async () => clock.now() + ms, {})
  // A wall clock that was set back must not extend the sleep.
  const rest = Math.min(until - clock.now(), ms)
  if (rest > 0) await whileWaiting(execution, () => wait(rest, stopSignal(execution)))
}

async function until<T>(
  execution: Execution,
  name: string,
  ms: number,
  check: () => Promise<T | null>,
): Promise<T> {
  const recorded = `until ${name}`
  let answer: T | null = null
  if (!execution.recorded.has(recorded)) {
    let problem: string | null = null
    const checkSafely = async (): Promise<T | null> => {
      try {
        return await check()
      } catch (error) {
        const { message } = error as Error
        if (message !== problem)
          execution.context.log.warn('a check threw an error and is repeated', {
            workflow: execution.id,
            name,
            error: message,
          })
        problem = message
        return null
      }
    }
    requireRunnable(execution)
    answer = await checkSafely()
    if (answer === null)
      await whileWaiting(execution, async () => {
        while (answer === null) {
          await wait(ms, stopSignal(execution))
          requireRunnable(execution)
          answer = await checkSafely()
        }
      })
  }
  return step(execution, recorded, async () => answer as T, {})
}

async function whileWaiting(execution: Execution, waiting: () => Promise<void>): Promise<void> {
  execution.waits += 1
  execution.changed()
  try {
    await waiting()
  } finally {
    execution.waits -= 1
  }
}

/** The longest delay that a lost NOTIFY causes, in milliseconds. */
const slowPoll = 5000

/**
 * Names the n-th release of a lock. A recorded release lets a replay pass the n-th acquisition
 * without the lock.
 */
const unlockStep = (execution: Execution, name: string): string =>
  `unlock ${name} ${execution.locks.get(name) ?? 0}`

async function lock(execution: Execution, name: string, rank: number): Promise<void> {
  execution.locks.set(name, (execution.locks.get(name) ?? 0) + 1)
  if (execution.recorded.has(unlockStep(execution, name))) return
  requireRunnable(execution)
  if (await tryLock(execution, name, rank)) return
  try {
    await whileWaiting(execution, () => waitForLock(execution, name, rank))
  } catch (error) {
    if (error instanceof Cancelled) await checkpoint(execution, leaveQueue(execution, name))
    throw error
  }
}

async function tryLock(execution: Execution, name: string, rank: number): Promise<boolean> {
  const [rows] = await checkpoint(execution, [takeLock(execution, name, rank)])
  return rows?.[0]?.['held'] === true
}

async function waitForLock(execution: Execution, name: string, rank: number): Promise<void> {
  for (;;) {
    const granted = new AbortController()
    const wake = (): void => granted.abort(wake)
    execution.granted.add(wake)
    try {
      if (await tryLock(execution, name, rank)) return
      await wait(slowPoll, AbortSignal.any([stopSignal(execution), granted.signal]))
    } catch (error) {
      if (error !== wake) throw error
    } finally {
      execution.granted.delete(wake)
    }
    requireRunnable(execution)
  }
}

async function unlock(execution: Execution, name: string): Promise<void> {
  const recorded = unlockStep(execution, name)
  if (execution.recorded.has(recorded)) return
  await checkpoint(execution, [freeLock(execution, name, recorded)])
  execution.recorded.set(recorded, {
    name: recorded,
    outcome: 'passed',
    result: null,
    reason: null,
  })
}
