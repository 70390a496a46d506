import type { Database } from '#platform/postgres/postgres.ts'
import { wait } from './execution.ts'
import { workflowEnd } from './records.ts'
import type { Engine } from './workflow.ts'

type Result = Awaited<ReturnType<Engine['result']>>

/** The longest delay that a lost NOTIFY causes, in milliseconds. */
const slowPoll = 2000

/** Waits for workflows to end, with one database listener for all of them. */
export function createResults(db: Database): { wait: Engine['result']; close(): Promise<void> } {
  const waiting = new Map<string, Set<() => void>>()
  let listening: Promise<() => Promise<void>> | null = null

  const handleNotification = (payload: string | null): void => {
    if (payload === null) for (const wakes of waiting.values()) for (const wake of wakes) wake()
    else if (payload.startsWith('ended '))
      for (const wake of waiting.get(payload.slice(6)) ?? []) wake()
  }

  const waitFor = async (id: string, signal: AbortSignal | undefined): Promise<Result> => {
    listening ??= db.listen('fairlead_workflow', handleNotification)
    await listening.catch((error: unknown) => {
      listening = null
      throw error
    })
    for (;;) {
      const notified = new AbortController()
      const wake = (): void => notified.abort(wake)
      const wakes = waiting.get(id) ?? new Set()
      waiting.set(id, wakes.add(wake))
      try {
        const row = await workflowEnd(db, id)
        if (!row) throw new Error(`There is no workflow named ${id}`)
        if (row.ended !== null) return { state: row.state, output: row.output, reason: row.reason }
        await wait(slowPoll, signal ? AbortSignal.any([notified.signal, signal]) : notified.signal)
      } catch (error) {
        if (error !== wake) throw error
      } finally {
        wakes.delete(wake)
        if (wakes.size === 0) waiting.delete(id)
      }
    }
  }

  return {
    wait: waitFor,
    close: async () => {
      await (
        await listening
      )?.()
    },
  }
}
