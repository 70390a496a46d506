import { readdirSync, readFileSync, statfsSync } from 'node:fs'
import { loadavg } from 'node:os'
import type { HostReleaseStatus } from '#contract/host/release.ts'
import type { HostSecond, InstanceUsage, MachineUsage } from '#contract/host/measurements.ts'
import { limitedMemory } from '#platform/process/memory-limit.ts'

/** A process as /proc shows it: times in clock ticks, memory in pages. */
export interface ProcessUsage {
  pid: number
  parent: number
  group: number
  ticks: number
  pages: number
}

/** Of every Linux that Node supports: USER_HZ, and the size of a page. */
const ticksPerSecond = 100
const pageBytes = 4096

/**
 * Measures instances and the machine. A sample reads each process of the machine once; CPU is the
 * difference from the sample before.
 */
export function createUsage(
  folder: string,
): (releases: HostReleaseStatus[], now: number) => NonNullable<HostSecond['usage']> {
  let before = { at: 0, ticks: new Map<number, number>(), busy: null as Busy | null }
  return (releases, now) => {
    const all = processes()
    const seconds = (now - before.at) / 1000
    const ticks = new Map<number, number>()
    const instances = releases.flatMap(({ app, environment, release, instances: own }) =>
      own.flatMap(({ service, index, pid, restarts }): InstanceUsage[] => {
        if (pid === null) return []
        const family = membersOf(pid, all)
        const total = family.reduce((sum, one) => sum + one.ticks, 0)
        ticks.set(pid, total)
        const former = before.ticks.get(pid)
        const used = former === undefined ? null : Math.max(0, total - former) / ticksPerSecond
        return [
          {
            ...{ app, environment, release, service, index, restarts },
            cpu: used === null ? null : used / seconds,
            memory: family.reduce((sum, one) => sum + one.pages, 0) * pageBytes,
            ...limitedOf(pid),
            descriptors: family.reduce((sum, one) => sum + descriptorsOf(one.pid), 0),
          },
        ]
      }),
    )
    const busy = readBusy(readText('/proc/stat'))
    const machine = machineUsage(folder, before.busy, busy)
    before = { at: now, ticks, busy }
    return { machine, instances }
  }
}

function limitedOf(pid: number): Pick<InstanceUsage, 'limited'> {
  const limited = limitedMemory(pid)
  return limited ? { limited } : {}
}

/** The processes of a group, and everything that they started. */
export function membersOf(leader: number, all: ProcessUsage[]): ProcessUsage[] {
  const found = new Set(all.filter(({ pid, group }) => group === leader || pid === leader))
  const pids = new Set([...found].map(({ pid }) => pid))
  for (let size = -1; size !== found.size;) {
    size = found.size
    for (const one of all)
      if (pids.has(one.parent)) {
        found.add(one)
        pids.add(one.pid)
      }
  }
  return [...found]
}

/** Reads `/proc/PID/stat`; null when it is not one. Children that ended are part of the time. */
export function readProcess(pid: number, stat: string): ProcessUsage | null {
  // The program name in parentheses can contain anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  if (fields.length < 22) return null
  const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0)
  return {
    pid,
    parent: Number(fields[1]),
    group: Number(fields[2]),
    ticks,
    pages: Number(fields[21]),
  }
}

function processes(): ProcessUsage[] {
  return list('/proc').flatMap((name) =>
    /^\d+$/.test(name) ? (readProcess(Number(name), readText(`/proc/${name}/stat`)) ?? []) : [],
  )
}

const descriptorsOf = (pid: number): number => list(`/proc/${pid}/fd`).length

interface Busy {
  busy: number
  all: number
}

/** The first line of `/proc/stat`, in clock ticks; null when it is missing. */
export function readBusy(text: string): Busy | null {
  const [line = ''] = text.split('\n')
  if (!line.startsWith('cpu ')) return null
  const fields = line.split(' ').slice(1).filter(Boolean).map(Number)
  if (fields.length < 5) return null
  const all = fields.slice(0, 8).reduce((sum, value) => sum + value, 0)
  // Idle, and waiting for the disk.
  return { all, busy: all - (fields[3] ?? 0) - (fields[4] ?? 0) }
}

function machineUsage(folder: string, before: Busy | null, now: Busy | null): MachineUsage {
  const memory = readText('/proc/meminfo').split('\n')
  const bytes = (name: string): number => {
    const line = memory.find((one) => one.startsWith(`${name}:`)) ?? ''
    return (Number.parseInt(line.slice(name.length + 1), 10) || 0) * 1024
  }
  const { bsize, blocks, bavail } = statfsSync(folder)
  const passed = before && now ? now.all - before.all : 0
  return {
    cpu: before && now && passed > 0 ? (now.busy - before.busy) / passed : null,
    load: loadavg()[0] ?? 0,
    memory: bytes('MemTotal') - bytes('MemAvailable'),
    memoryTotal: bytes('MemTotal'),
    disk: (blocks - bavail) * bsize,
    diskTotal: blocks * bsize,
  }
}

/** Empty for a process that has ended. */
function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}
