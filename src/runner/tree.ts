import { readFileSync, readdirSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/** The variable that every process of a command carries, also one that left its process group. */
export const markerName = 'FAIRLEAD_PROCESS'

/**
 * The program that confines a command: it ends by itself after the last of it, and tells how it
 * ended.
 */
export const keeper = 'bwrap'

/** A process that runs: its number and the name of its program. */
export interface Found {
  pid: number
  program: string
}

/** All processes of this machine by number; none where there is no /proc. */
export function allPids(): number[] {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
  } catch {
    return []
  }
}

/** The value of the marker in a process's environment as it was started, or null. */
export function markerOf(pid: number): string | null {
  try {
    const environment = readFileSync(`/proc/${pid}/environ`, 'utf8')
    const start = `\0${environment}`.indexOf(`\0${markerName}=`)
    if (start === -1) return null
    const value = environment.slice(start + markerName.length + 1)
    const end = value.indexOf('\0')
    return end === -1 ? value : value.slice(0, end)
  } catch {
    return null // it ended, or belongs to somebody else
  }
}

/** Program and process group of a process that is not already dead. */
function look(pid: number): { program: string; group: number } | null {
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

/** The living processes of a group, and those whose marker fits, among `pids`. */
export function findProcesses(
  pids: number[],
  isOurs: (marker: string) => boolean,
  group: number | null,
): Found[] {
  return pids.flatMap((pid) => {
    if (pid === process.pid) return []
    const seen = look(pid)
    if (!seen) return []
    if (group !== null && seen.group === group) return [{ pid, program: seen.program }]
    const marker = markerOf(pid)
    return marker !== null && isOurs(marker) ? [{ pid, program: seen.program }] : []
  })
}

/**
 * Asks processes to end, then kills them, until `find` finds none: they may start others meanwhile.
 * `graceMs` is the time between the two. Answers those that were there at first, and whether any
 * withstood even that.
 */
export async function endProcesses(
  find: () => Found[],
  graceMs: number,
  now: () => number,
): Promise<{ first: Found[]; survived: Found[] }> {
  const first = find()
  const asked = new Set<number>()
  const begin = now()
  let found = first
  for (let pause = 1; found.length > 0; pause = Math.min(pause * 2, 50)) {
    const isPatient = now() - begin < graceMs
    if (now() - begin > graceMs + 5000) return { first, survived: found }
    for (const { pid, program } of found) {
      if (isPatient && program === keeper) continue
      if (!isPatient) signal(pid, 'SIGKILL')
      else if (!asked.has(pid)) {
        signal(pid, 'SIGTERM')
        signal(pid, 'SIGCONT') // a stopped process would never hear it
      }
      asked.add(pid)
    }
    await sleep(pause)
    found = find()
  }
  return { first, survived: [] }
}

/** Sends a signal to a process, or with a negative number to a group; it may be gone. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ESRCH' && code !== 'EPERM') throw error
  }
}
