import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { isRunning, startTimeOf } from './processes.ts'

export interface Lock {
  /** False when another process has taken the lock. */
  isOurs(): boolean
  free(): void
}

/**
 * Ensures that one host serves a folder. Takes over the lock of a dead process; `force` takes it
 * from the host that hands over. Null when another process holds it.
 */
export function takeLock(file: string, force: boolean): Lock | null {
  const mine = `${process.pid} ${startTimeOf(process.pid)}`
  const draft = `${file}.${process.pid}`
  writeFileSync(draft, mine, { mode: 0o600 })
  try {
    if (force) renameSync(draft, file)
    else if (!claim(draft, file)) return null
  } finally {
    rmSync(draft, { force: true })
  }
  const isOurs = (): boolean => read(file) === mine
  return { isOurs, free: () => isOurs() && rmSync(file, { force: true }) }
}

function claim(draft: string, file: string): boolean {
  for (let tries = 0; tries < 5; tries += 1) {
    if (link(draft, file)) return true
    const holder = read(file)
    if (holder !== null && isAlive(holder)) return false
    bury(file, holder, `${draft}.stale`)
  }
  return false
}

/** Removes exactly the stale lock: another process may have taken it since it was read. */
function bury(file: string, stale: string | null, grave: string): void {
  try {
    renameSync(file, grave)
  } catch {
    return
  }
  if (read(grave) !== stale) link(grave, file)
  rmSync(grave, { force: true })
}

function link(from: string, to: string): boolean {
  try {
    linkSync(from, to)
    return true
  } catch {
    return false
  }
}

function isAlive(holder: string): boolean {
  const [pid, startTime] = holder.split(' ')
  return isRunning(Number(pid), startTime ?? null)
}

function read(file: string): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return null
  }
}
