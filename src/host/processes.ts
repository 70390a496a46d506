import { readFileSync, readdirSync, readlinkSync } from 'node:fs'
import { readFile } from 'node:fs/promises'

/**
 * A process of an instance. A pid can be reused, but the marker is in the environment of all its
 * descendants.
 */
export interface Origin {
  pid: number
  startTime: string | null
  marker: string | null
}

interface Process {
  pid: number
  /** As in proc_pid_stat(5): `T` for stopped. */
  state: string
  parent: number
  group: number
  startTime: string
}

/**
 * Start time of a process in clock ticks since boot, which with the pid identifies it; null when it
 * has ended.
 */
export function startTimeOf(pid: number): string | null {
  return readProcess(pid)?.startTime ?? null
}

export const isRunning = (pid: number, startTime: string | null): boolean =>
  startTime !== null && startTimeOf(pid) === startTime

/** Whether a process is stopped by a signal. */
export const isStopped = (pid: number): boolean => readProcess(pid)?.state === 'T'

/** Name of the program that a process runs; null when it has ended. */
export function programOf(pid: number): string | null {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trimEnd()
  } catch {
    return null
  }
}

/**
 * Returns the running processes of a start: its process group, the carriers of its marker, and the
 * children of both.
 */
export function familyOf(origin: Origin): number[] {
  const all = pids().flatMap((pid) => readProcess(pid) ?? [])
  const leader = all.find((process) => process.pid === origin.pid)
  // When the pid was reused, the group of that number is not ours.
  const isGroupOurs =
    origin.pid > 1 &&
    (leader === undefined ? origin.startTime !== null : leader.startTime === origin.startTime)
  const family = new Set<number>()
  for (const { pid, group } of all)
    if (
      (isGroupOurs && group === origin.pid) ||
      (origin.marker !== null && markerOf(pid) === origin.marker)
    )
      family.add(pid)
  for (let size = -1; size !== family.size;) {
    size = family.size
    for (const { pid, parent } of all) if (family.has(parent)) family.add(pid)
  }
  family.delete(process.pid)
  return [...family]
}

/** Finds processes by their marker, for markers with that prefix. */
export function markedProcesses(prefix: string): { pid: number; marker: string }[] {
  return pids().flatMap((pid) => {
    const marker = markerOf(pid)
    return marker?.startsWith(prefix) && pid !== process.pid ? [{ pid, marker }] : []
  })
}

/** The running processes whose environment has this value of a variable, but for this one. */
export const processesWith = (name: string, value: string): number[] =>
  pids().filter((pid) => pid !== process.pid && variableOf(pid, name) === value)

/** Signals all of them; processes that are gone are ignored. */
export function signalAll(pidsToSignal: number[], signal: NodeJS.Signals): void {
  for (const pid of pidsToSignal) {
    try {
      process.kill(pid, signal)
    } catch {
      // It ended by itself.
    }
  }
}

/** Kills marked processes whose marker is unknown; returns their numbers. */
export function endStrays(prefix: string, known: ReadonlySet<string>): number[] {
  const strays = markedProcesses(prefix).filter(({ marker }) => !known.has(marker))
  const found = strays.map(({ pid }) => pid)
  signalAll(found, 'SIGKILL')
  return found
}

/**
 * Returns whether a process or a child holds any socket, which is much cheaper than reading the
 * kernel's connection tables. True when unknown.
 */
export function holdsSocket(pid: number): boolean {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
      .split(' ')
      .filter(Boolean)
      .map(Number)
    return socketsOf(pid).length > 0 || children.some(holdsSocket)
  } catch {
    return true
  }
}

export interface Listener {
  /** As in a URL: `127.0.0.1` or `[::1]`. */
  address: string
  port: number
}

/** The TCP addresses that these processes listen on, from the kernel's tables. */
export async function listenersOf(pidsToLook: number[]): Promise<Listener[]> {
  const inodes = new Set(pidsToLook.flatMap(socketsOf))
  return (await listenersAt('/proc/net')).filter(({ inode }) => inodes.has(inode))
}

/** The TCP addresses of a network, whose tables are in a folder of /proc. */
export async function listenersAt(folder: string): Promise<(Listener & { inode: string })[]> {
  const tables = await Promise.all(
    ['tcp', 'tcp6'].map((name) => readFile(`${folder}/${name}`, 'utf8').catch(() => '')),
  )
  return tables.flatMap(listenersIn)
}

/** The program that listens on a TCP port, for people; null when it cannot be determined. */
export async function programOn(port: number): Promise<string | null> {
  const found = (await listenersAt('/proc/net')).filter((listener) => listener.port === port)
  const inodes = new Set(found.map(({ inode }) => inode))
  if (inodes.size === 0) return null
  const pid = pids().find((one) => socketsOf(one).some((inode) => inodes.has(inode)))
  if (pid === undefined) return null
  const name = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '')
  return name === '' ? null : `${name.trim()} (process ${pid})`
}

function pids(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
}

function readProcess(pid: number): Process | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The program name in parentheses can contain anything.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    if (fields[0] === 'Z' || fields[0] === 'X') return null
    return {
      ...{ pid, state: fields[0] ?? '', startTime: fields[19] ?? '' },
      ...{ parent: Number(fields[1]), group: Number(fields[2]) },
    }
  } catch {
    return null
  }
}

const markerOf = (pid: number): string | null => variableOf(pid, 'FAIRLEAD_PROCESS')

/** A variable that a process began with; null when it had none or has ended. */
export function variableOf(pid: number, name: string): string | null {
  try {
    const found = readFileSync(`/proc/${pid}/environ`, 'utf8')
      .split('\0')
      .find((line) => line.startsWith(`${name}=`))
    return found?.slice(name.length + 1) ?? null
  } catch {
    return null
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

function listenersIn(table: string): (Listener & { inode: string })[] {
  return table.split('\n').flatMap((line) => {
    const fields = line.trim().split(/\s+/)
    const [address = '', port = ''] = fields[1]?.split(':') ?? []
    if (fields[3] !== '0A' || !fields[9]) return []
    return [{ address: addressOf(address), port: Number.parseInt(port, 16), inode: fields[9] }]
  })
}

/** Decodes an address of /proc/net/tcp or tcp6: 32-bit words in the byte order of the machine. */
function addressOf(hex: string): string {
  const words = hex.match(/.{8}/g) ?? []
  const bytes = Buffer.concat(words.map((word) => Buffer.from(word, 'hex').swap32()))
  if (bytes.length === 4) return bytes.join('.')
  const groups = bytes.toString('hex').match(/.{4}/g) ?? []
  return new URL(`http://[${groups.join(':')}]`).hostname
}
