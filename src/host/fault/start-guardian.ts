import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { helperEnvironment } from '#platform/process/program.ts'
import { selfCommand } from '#platform/self.ts'
import { signalAll } from '../processes.ts'
import { guardianOf, isHung } from './guardian-lock.ts'
import type { Journal } from './journal.ts'

/** Starts a guardian unless one works. `host` is the folder of the host. */
export function ensureGuardian({ folder }: Journal, host: string): void {
  const running = guardianOf(folder)
  if (running && !isHung(folder, running.pid)) return
  if (running) signalAll([running.pid], 'SIGKILL')
  const [node, ...args] = selfCommand('guardian')
  const log = openSync(join(folder, 'guardian.log'), 'a', 0o600)
  try {
    const child = spawn(node, args, {
      // A session of its own: no signal to the group of the host reaches it.
      ...{ detached: true, stdio: ['ignore', log, log], cwd: '/' },
      env: { ...helperEnvironment(), FAIRLEAD_HOME: dirname(host) },
    })
    child.on('error', () => undefined)
    child.unref()
  } finally {
    closeSync(log)
  }
}
