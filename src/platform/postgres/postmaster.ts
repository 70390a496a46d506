import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** What `postmaster.pid` says of the server over some data. */
export interface Postmaster {
  pid: number
  socket: string
  isReady: boolean
}

/** True while a process has this id, whoever's it is. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/**
 * The living server over these data, or null. A file that a dead one left is not one, even when its
 * id was given out again.
 */
export function findPostmaster(data: string): Postmaster | null {
  const file = join(data, 'postmaster.pid')
  if (!existsSync(file)) return null
  const lines = readFileSync(file, 'utf8').split('\n')
  const pid = Number(lines[0])
  if (!isPostmaster(pid, data)) return null
  return { pid, socket: lines[4] ?? '', isReady: lines[7]?.trim() === 'ready' }
}

/** A zombie is not one: its command line is empty. */
export function isPostmaster(pid: number, data: string): boolean {
  if (!(pid > 0) || !isAlive(pid)) return false
  return commandLine(pid).includes(data)
}

function commandLine(pid: number): string {
  try {
    if (existsSync('/proc/self/cmdline')) return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
    return execFileSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' })
  } catch {
    return ''
  }
}

/**
 * A stale file whose process id now belongs to another process of the same user stops PostgreSQL
 * from starting. An id that cannot exist is put in its place; the rest stays, because PostgreSQL
 * finds leftover backends by it.
 */
export function disarmStaleFile(data: string): void {
  const file = join(data, 'postmaster.pid')
  if (!existsSync(file)) return
  const lines = readFileSync(file, 'utf8').split('\n')
  const pid = Number(lines[0])
  if (!isAlive(pid) || isPostmaster(pid, data)) return
  writeFileSync(file, ['999999999', ...lines.slice(1)].join('\n'))
}
