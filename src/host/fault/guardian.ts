import { writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { homeFrom } from '#platform/home.ts'
import { createLogger } from '#platform/log.ts'
import { takeLock } from '../lock.ts'
import { startTimeOf } from '../processes.ts'
import { Guard } from './guard.ts'
import { beat, lockFile } from './guardian-lock.ts'
import { Journal } from './journal.ts'

/** Milliseconds between two looks at the faults. */
const tickMs = 50
/** Milliseconds without a fault after which the guardian ends. */
const idleMs = 3000

/**
 * The process that undoes faults. It needs no server, database, network or host, and ends when
 * nothing is left to undo. The host and `fairlead experiment undo` start it again when it is gone.
 */
export async function main(): Promise<number> {
  const { host } = homeFrom(process.env)
  const { warn } = createLogger((line) => process.stderr.write(line))
  const journal = new Journal(host)
  const lock = takeLock(lockFile(journal.folder), false)
  if (!lock) return 0
  liveLong()
  const name = `${process.pid} ${startTimeOf(process.pid)}`
  const guard = new Guard({ journal, host, name, log: warn })
  process.on('SIGHUP', () => undefined)
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.on(signal, () => guard.undoAll('the guardian was asked to end'))
  journal.prune(Date.now())
  for (let idle = 0; idle < idleMs && lock.isOurs();) {
    beat(journal.folder)
    try {
      guard.tick()
    } catch (error) {
      warn('the faults cannot be read', { error: (error as Error).message })
    }
    await sleep(tickMs)
    idle = guard.isBusy ? 0 : idle + tickMs
  }
  lock.free()
  return 0
}

/** The kernel ends other processes first when memory runs out; only root may ask for that. */
function liveLong(): void {
  try {
    writeFileSync('/proc/self/oom_score_adj', '-900')
  } catch {
    // Without root, the processes of faults are still ended before it.
  }
}
