import { readFileSync, readdirSync, readlinkSync } from 'node:fs'

/** When a process began, in clock ticks since boot; with the pid it names one process for good. Null when there is none. */
export function startTimeOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' ? null : (fields[19] ?? null)
  } catch {
    return null
  }
}

export const isRunning = (pid: number, startTime: string | null): boolean =>
  startTime !== null && startTimeOf(pid) === startTime

/** Every process that a start began: its group, and whatever carries its marker, also after it left the group. */
export function treeOf(pid: number, marker: string): number[] {
  const wanted = `FAIRLEAD_PROCESS=${marker}`
  return pids().filter((candidate) => groupOf(candidate) === pid || environmentOf(candidate).includes(wanted))
}

/** Signals all of them; one that is gone already is no matter. */
export function signalAll(pidsToSignal: number[], signal: NodeJS.Signals): void {
  for (const pid of pidsToSignal) {
    try {
      process.kill(pid, signal)
    } catch {
      // It ended by itself.
    }
  }
}

/** The TCP ports that these processes listen on, by the kernel's tables. */
export function listeningPorts(pidsToLook: number[]): number[] {
  const inodes = new Set(pidsToLook.flatMap(socketsOf))
  const ports = ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((table) =>
    listenersIn(table)
      .filter(({ inode }) => inodes.has(inode))
      .map(({ port }) => port),
  )
  return [...new Set(ports)].sort((a, b) => a - b)
}

function pids(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
}

function groupOf(pid: number): number | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[2])
  } catch {
    return null
  }
}

function environmentOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0')
  } catch {
    return []
  }
}

function socketsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      try {
        const match = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))
        return match?.[1] ? [match[1]] : []
      } catch {
        return []
      }
    })
  } catch {
    return []
  }
}

function listenersIn(table: string): { port: number; inode: string }[] {
  try {
    return readFileSync(table, 'utf8')
      .split('\n')
      .slice(1)
      .flatMap((line) => {
        const fields = line.trim().split(/\s+/)
        const port = Number.parseInt(fields[1]?.split(':')[1] ?? '', 16)
        return fields[3] === '0A' && fields[9] ? [{ port, inode: fields[9] }] : []
      })
  } catch {
    return []
  }
}
