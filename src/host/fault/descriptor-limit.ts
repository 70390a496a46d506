import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { z } from 'zod'
import { helperEnvironment, programOf } from '#platform/process/program.ts'
import { startTimeOf } from '../processes.ts'
import { type FaultProcess, faultProcess } from './family.ts'

/** A process, its limits of open files, and the soft limit of the fault. */
export const limitedProcess = faultProcess.extend({
  soft: z.number().int(),
  hard: z.number().int(),
  low: z.number().int(),
})

/** The limits of open files; null when the process has ended. See proc_pid_limits(5). */
export function limitOf(pid: number): { soft: number; hard: number } | null {
  let text: string
  try {
    text = readFileSync(`/proc/${pid}/limits`, 'utf8')
  } catch (error) {
    if (startTimeOf(pid) === null) return null
    throw error
  }
  const [, soft, hard] = /^Max open files\s+(\d+)\s+(\d+)/m.exec(text) ?? []
  return { soft: Number(soft), hard: Number(hard) }
}

/** How many files a process has open; 0 when it has ended. */
export function countOpen(pid: number): number {
  try {
    return readdirSync(`/proc/${pid}/fd`).length
  } catch (error) {
    if (startTimeOf(pid) === null) return 0
    throw error
  }
}

/** Sets the limits of open files. Does nothing when the process has ended. See prlimit(1). */
export async function setLimit(
  { pid, startTime }: FaultProcess,
  soft: number,
  hard: number,
): Promise<void> {
  if (startTimeOf(pid) !== startTime) return
  const args = ['--pid', String(pid), `--nofile=${soft}:${hard}`]
  try {
    await promisify(execFile)(programOf('prlimit'), args, {
      ...{ env: helperEnvironment(), cwd: '/' },
      ...userOf(pid),
    })
  } catch (error) {
    if (startTimeOf(pid) === startTime) throw error
  }
}

/**
 * Root in a container may not have CAP_SYS_RESOURCE, but each user may set the limits of its own
 * processes.
 */
function userOf(pid: number): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {}
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const uid = Number(/^Uid:\s+(\d+)/m.exec(status)?.[1])
  const gid = Number(/^Gid:\s+(\d+)/m.exec(status)?.[1])
  return uid && gid ? { uid, gid } : {}
}
