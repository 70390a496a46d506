import type { HostFault } from '#contract/experiment/fault.ts'
import type { Journal } from './journal.ts'

/** The faults of a host, oldest first, also those that were undone in the last day. */
export const listFaults = (journal: Journal): HostFault[] =>
  journal.list().map(({ record, state }) => {
    const { id, action, target, created, ends } = record
    const { app, environment, service } = target
    return {
      ...{ id, action, app, environment, service, state, created, ends },
      ...journal.noteOf(id),
    }
  })
