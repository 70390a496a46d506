import { AsyncLocalStorage } from 'node:async_hooks'
import { randomBytes } from 'node:crypto'
import { sqlState } from '#platform/postgres/postgres.ts'
import type { EngineOptions } from './options.ts'
import { cancelWorkflow, startWorkflow } from './records.ts'
import { openReplica, type Replica } from './replica.ts'
import { createResults } from './results.ts'
import type { Engine } from './workflow.ts'

/** Former names that a replica registers with; older ones are of no use to any workflow. */
const maxFormer = 100

/** Builds the engine of one replica. It does nothing before `open`. */
export function createEngine(options: EngineOptions): Engine {
  const { db } = options
  const settings = {
    ...options,
    lease: options.lease ?? 2000,
    shield: new AsyncLocalStorage<boolean>(),
  }
  const results = createResults(db)
  let replica: Replica | null = null
  let stopListening: (() => Promise<void>) | null = null
  let isOpen = false
  let former: string[] = []
  let opening: Promise<void> = Promise.resolve()

  const join = async (): Promise<void> => {
    const id = `${options.replica}/${randomBytes(6).toString('hex')}`
    replica = await openReplica(settings, { id, former }, () => {
      // A replica never regains a lost lease: a new one, with a new id, replaces it.
      former = [...former, id].slice(-maxFormer)
      if (isOpen) opening = joinWithRetries()
    })
  }
  const joinWithRetries = async (): Promise<void> => {
    for (let pause = 50; isOpen; pause = Math.min(pause * 2, 1000)) {
      try {
        return await join()
      } catch (error) {
        if (sqlState(error) === 'FL004') return options.onReplaced?.(error as Error)
        options.log.warn('the database cannot be reached', { error: (error as Error).message })
        await new Promise((resolve) => setTimeout(resolve, pause))
      }
    }
  }

  return {
    open: async () => {
      isOpen = true
      try {
        stopListening = await db.listen('fairlead_workflow', (payload) => {
          const [kind, subject] = split(payload)
          replica?.notify(kind, subject)
        })
        await join()
      } catch (error) {
        isOpen = false
        await stopListening?.()
        throw error
      }
    },
    close: async () => {
      isOpen = false
      await stopListening?.()
      await opening
      await replica?.close()
      await results.close()
    },
    startStatements: (workflow) => {
      if (!options.definitions.some((definition) => definition.name === workflow.name))
        throw new Error(`There is no workflow definition named ${workflow.name}`)
      return [startWorkflow(workflow)]
    },
    cancel: (id) => cancelWorkflow(db, id),
    result: (id, signal) => results.wait(id, signal),
  }
}

/** Splits `kind subject`. Null, which follows a lost connection, becomes `again`. */
function split(payload: string | null): [string, string] {
  if (payload === null) return ['again', '']
  const space = payload.indexOf(' ')
  return [payload.slice(0, space), payload.slice(space + 1)]
}
