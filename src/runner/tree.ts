import { readFileSync, readdirSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/** The variable that identifies the processes of a command, even outside its process group. */
export const markerName = 'FAIRLEAD_PROCESS'

/** The program that confines a command. It exits after the last process, with the exit code. */
export const keeper = 'bwrap'

/** A running process: its id and the name of its program. */
export interface Found {
  pid: number
  program: string
}

/** The ids of all processes of this machine; empty where there is no /proc. */
export function allPids(): number[] {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
  } catch {
    return []
  }
}

/** The marker in the initial environment of a process, or null. */
export function markerOf(pid: number): string | null {
  try {
    const environment = readFileSync(`/proc/${pid}/environ`, 'utf8')
    const start = `\0${environment}`.indexOf(`\0${markerName}=`)
    if (start === -1) return null
    const value = environment.slice(start + markerName.length + 1)
    const end = value.indexOf('\0')
    return end === -1 ? value : value.slice(0, end)
  } catch {
    return null // the process has exited or belongs to another user
  }
}

/** Program and process group of a process; null when it is dead. */
function readProcess(pid: number): { program: string; group: number } | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const [state, , group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    if (state === 'Z' || state === 'X') return null
    return {
      program: stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')')),
      group: Number(group),
    }
  } catch {
    return null
  }
}

/** The processes among `pids` that are alive and are in the group or have a matching marker. */
export function findProcesses(
  pids: number[],
  isOurs: (marker: string) => boolean,
  group: number | null,
): Found[] {
  return pids.flatMap((pid) => {
    if (pid === process.pid) return []
    const found = readProcess(pid)
    if (!found) return []
    if (group !== null && found.group === group) return [{ pid, program: found.program }]
    const marker = markerOf(pid)
    return marker !== null && isOurs(marker) ? [{ pid, program: found.program }] : []
  })
}

/**
 * Terminates processes, and kills them after `graceMs`, until `find` returns none, because they may
 * start others meanwhile. Returns the processes found first, and those that could not be killed.
 */
export async function endProcesses(
  find: () => Found[],
  graceMs: number,
  now: () => number,
): Promise<{ first: Found[]; survived: Found[] }> {
  const first = find()
  const terminated = new Set<number>()
  const start = now()
  let found = first
  for (let pause = 1; found.length > 0; pause = Math.min(pause * 2, 50)) {
    const isGraceful = now() - start < graceMs
    if (now() - start > graceMs + 5000) return { first, survived: found }
    for (const { pid, program } of found) {
      if (isGraceful && program === keeper) continue
      if (!isGraceful) signal(pid, 'SIGKILL')
      else if (!terminated.has(pid)) {
        signal(pid, 'SIGTERM')
        signal(pid, 'SIGCONT') // a stopped process handles no SIGTERM
      }
      terminated.add(pid)
    }
    await sleep(pause)
    found = find()
  }
  return { first, survived: [] }
}

/** Sends a signal to a process, or to a group by its negative id. It may have exited already. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ESRCH' && code !== 'EPERM') throw error
  }
}
