import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { helperEnvironment, programOf } from '#platform/process/program.ts'

/** The server that `postmaster.pid` describes. */
export interface Postmaster {
  pid: number
  socket: string
  isReady: boolean
}

/** Returns whether a process with this id exists, of any user. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/**
 * Returns the running server on these data, or null. A stale file does not count, even when its pid
 * was reused.
 */
export function findPostmaster(data: string): Postmaster | null {
  const file = join(data, 'postmaster.pid')
  if (!existsSync(file)) return null
  const lines = readFileSync(file, 'utf8').split('\n')
  const pid = Number(lines[0])
  if (!isPostmaster(pid, data)) return null
  return { pid, socket: lines[4] ?? '', isReady: lines[7]?.trim() === 'ready' }
}

/** A zombie has an empty command line and does not count. */
export function isPostmaster(pid: number, data: string): boolean {
  if (!(pid > 0) || !isAlive(pid)) return false
  return commandLine(pid).includes(data)
}

function commandLine(pid: number): string {
  try {
    if (existsSync('/proc/self/cmdline')) return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
    return execFileSync(programOf('ps'), ['-o', 'command=', '-p', String(pid)], {
      encoding: 'utf8',
      env: helperEnvironment(),
    })
  } catch {
    return ''
  }
}

/**
 * PostgreSQL does not start when a stale file names the pid of another process of the same user.
 * Replaces it with a pid that cannot exist; the rest stays, because PostgreSQL uses it to find
 * leftover backends.
 */
export function disarmStaleFile(data: string): void {
  const file = join(data, 'postmaster.pid')
  if (!existsSync(file)) return
  const lines = readFileSync(file, 'utf8').split('\n')
  const pid = Number(lines[0])
  if (!isAlive(pid) || isPostmaster(pid, data)) return
  writeFileSync(file, ['999999999', ...lines.slice(1)].join('\n'))
}
