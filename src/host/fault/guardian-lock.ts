import { closeSync, constants, openSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { steadyMs } from '../steady-clock.ts'
import { isRunning, isStopped } from '../processes.ts'

/** Milliseconds without a beat after which a guardian counts as hung. */
const hungMs = 10_000
const { O_CREAT, O_WRONLY } = constants

export const lockFile = (folder: string): string => join(folder, 'guardian.lock')
const beatFile = (folder: string): string => join(folder, 'guardian.beat')

/** The guardian that holds the lock: `PID STARTTIME`; null when there is none. */
export function guardianOf(folder: string): { name: string; pid: number } | null {
  const name = read(lockFile(folder))
  const [pid, startTime] = name?.split(' ') ?? []
  if (name === null || !isRunning(Number(pid), startTime ?? null)) return null
  return { name, pid: Number(pid) }
}

/** Shows that the guardian works. Always as long, so that a full disk does not matter. */
export function beat(folder: string): void {
  try {
    const fd = openSync(beatFile(folder), O_WRONLY | O_CREAT, 0o600)
    writeSync(fd, `${String(process.pid).padStart(10)} ${String(steadyMs()).padStart(20)}`, 0)
    closeSync(fd)
  } catch {
    // It is taken for hung, and another one goes on.
  }
}

/** Whether a guardian is stopped or has not shown for long that it works. */
export function isHung(folder: string, pid: number): boolean {
  if (isStopped(pid)) return true
  const [beater, at] = read(beatFile(folder))?.trim().split(/\s+/) ?? []
  return Number(beater) === pid && steadyMs() - Number(at) > hungMs
}

function read(file: string): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return null
  }
}
