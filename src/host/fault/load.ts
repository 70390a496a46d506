import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { helperEnvironment } from '#platform/process/program.ts'
import { markedProcesses } from '../processes.ts'

/** The kernel ends such a process first when memory runs out. See proc_pid_oom_score_adj(5). */
const endFirst = 'echo 1000 >/proc/self/oom_score_adj; '

/** Milliseconds in which a load must exist. */
const startMs = 30_000

/** Starts a process of a fault with a script of `sh`. It outlives the injector. */
export function startLoad(marker: string, script: string, args: string[] = []): void {
  spawn('/bin/sh', ['-c', `${endFirst}${script}`, 'load', ...args], {
    ...{ detached: true, stdio: 'ignore', cwd: '/' },
    env: { ...helperEnvironment(), FAIRLEAD_PROCESS: marker },
  }).unref()
}

/** The processes that a fault has started; the injector, which calls this, is not one of them. */
const loadsOf = (marker: string): number[] => markedProcesses(marker).map(({ pid }) => pid)

/** Waits until the load is as wanted. Throws when it does not come to be. */
export async function untilLoad(
  marker: string,
  isEnough: (loads: number[]) => boolean,
): Promise<void> {
  for (const end = performance.now() + startMs; performance.now() < end;) {
    if (isEnough(loadsOf(marker))) return
    await sleep(10)
  }
  throw new Error('the processes of the fault did not start')
}

/** Memory of a process in the RAM, in kilobytes; 0 when it has ended. */
export function residentKb(pid: number): number {
  try {
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])
  } catch {
    return 0
  }
}

/** What is left of the load, in one sentence, or null. */
export function findLoad(marker: string): string | null {
  const left = loadsOf(marker)
  return left.length === 0 ? null : `the processes ${left.join(', ')} of the fault still run`
}
