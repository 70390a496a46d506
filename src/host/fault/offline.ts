import { setTimeout as sleep } from 'node:timers/promises'
import type { HostFault } from '#contract/experiment/fault.ts'
import { Journal } from './journal.ts'
import { listFaults } from './list.ts'
import { ensureGuardian } from './start-guardian.ts'

/** Milliseconds to wait until everything is undone. */
const waitMs = 30_000

/** The faults of this machine, read without a host or a server. */
export const listOffline = (host: string): HostFault[] => listFaults(new Journal(host))

/**
 * Undoes faults without a host or a server: those with these ids, or all. Returns them when they
 * are undone, or when it has taken too long; the guardian goes on then.
 */
export async function undoOffline(host: string, ids: string[] | null): Promise<HostFault[]> {
  const journal = new Journal(host)
  const wanted = journal
    .open()
    .map(({ record }) => record.id)
    .filter((id) => ids === null || ids.includes(id))
  for (const id of wanted) journal.beginUndo(id, 'somebody asked for it on this machine')
  const found = (): HostFault[] => listFaults(journal).filter(({ id }) => wanted.includes(id))
  for (let waited = 0; waited < waitMs; waited += 100) {
    if (found().every(({ state }) => state === 'undone')) break
    ensureGuardian(journal, host)
    await sleep(100)
  }
  return found()
}
