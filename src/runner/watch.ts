import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { CommandLimits } from '#platform/process/command.ts'
import { helperEnvironment, programOf } from '#platform/process/program.ts'
import { allPids } from './tree.ts'

/** Milliseconds between two checks. */
const intervalMs = 500

/** A command to watch until `signal` is aborted. */
export interface Watched {
  limits: CommandLimits
  pid: number
  /** whether the kernel limits the memory, so that it is not measured here */
  isMemoryBound: boolean
  signal: AbortSignal
  onExceeded: (reason: string) => void
}

/** Measures a command and reports the limit that it exceeds. */
export async function watch(watched: Watched): Promise<void> {
  const { limits, signal } = watched
  const memory = watched.isMemoryBound ? null : measureMemory
  const measureDisk = limits.folders.length === 0 ? null : createDiskMeasure(limits)
  for (;;) {
    await sleep(intervalMs, undefined, { ref: false })
    if (signal.aborted) return
    if (memory !== null && memory(watched.pid, limits.memory) > limits.memory)
      return watched.onExceeded(memoryReason(limits))
    const disk = (await measureDisk?.()) ?? 0
    if (signal.aborted) return
    if (disk > limits.disk) return watched.onExceeded(diskReason(limits))
  }
}

export const memoryReason = ({ memory }: CommandLimits): string =>
  `needed more than ${memory} MB of memory (FAIRLEAD_ISOLATION_MEMORY_MB) and was stopped`

const diskReason = ({ disk }: CommandLimits): string =>
  `had more than ${disk} MB of files in its workspace and /tmp (FAIRLEAD_ISOLATION_DISK_MB) and ` +
  'was stopped'

/** A process with its parent, and its memory in pages, including shared pages. */
export interface Usage {
  pid: number
  parent: number
  pages: number
}

/** The process and everything that it started; isolated processes cannot leave this tree. */
export function familyIn(all: Usage[], top: number): Usage[] {
  const children = Map.groupBy(all, ({ parent }) => parent)
  const found = all.filter(({ pid }) => pid === top)
  for (const one of found) found.push(...(children.get(one.pid) ?? []))
  return found
}

/**
 * Megabytes that a process and its children hold. Pages that they share count once, which is slow
 * to measure and is done only near the limit.
 */
function measureMemory(top: number, limit: number): number {
  const family = familyIn(allPids().flatMap(usageOf), top)
  const most = family.reduce((sum, { pages }) => sum + pages, 0) * pageMegabytes
  if (most <= limit) return most
  return family.reduce((sum, { pid }) => sum + (exact(pid) ?? pagesNow(pid) * pageMegabytes), 0)
}

/** None for a process that ended after its family was listed, and would count in full. */
const pagesNow = (pid: number): number => usageOf(pid)[0]?.pages ?? 0

/** Linux reports memory in pages of 4096 bytes on nearly all machines. */
const pageMegabytes = 4096 / 1e6

function usageOf(pid: number): Usage[] {
  const stat = readProc(`${pid}/stat`)
  // See proc(5): the fields after the name, which can contain spaces and brackets.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return fields.length < 22 ? [] : [{ pid, parent: Number(fields[1]), pages: Number(fields[21]) }]
}

function exact(pid: number): number | null {
  const kilobytes = /^Pss:\s+(\d+) kB$/m.exec(readProc(`${pid}/smaps_rollup`))?.[1]
  return kilobytes === undefined ? null : (Number(kilobytes) * 1024) / 1e6
}

function readProc(file: string): string {
  try {
    return readFileSync(`/proc/${file}`, 'utf8')
  } catch {
    return ''
  }
}

/** The last measurement of folders. Times are in milliseconds. */
export interface Measurement {
  at: number
  took: number
  /** megabytes in use on the disk */
  used: number
}

/**
 * Whether folders must be measured again: regularly, with a twentieth of the time, and soon when
 * the disk has filled by a tenth of the limit.
 */
export function isDue(last: Measurement, now: number, used: number, limit: number): boolean {
  const age = now - last.at
  if (age > Math.max(5000, last.took * 20)) return true
  return used - last.used > limit / 10 && age > last.took * 2
}

/** Returns the megabytes in the folders; 0 when they need not be measured now. */
function createDiskMeasure({ folders, disk }: CommandLimits): () => Promise<number> {
  let last: Measurement | null = null
  return async () => {
    const used = await usedOf(folders[0] ?? '/')
    const now = performance.now()
    last ??= { at: now, took: 0, used }
    if (!isDue(last, now, used, disk)) return 0
    const megabytes = await sizeOf(folders)
    const end = performance.now()
    last = { at: end, took: end - now, used }
    return megabytes
  }
}

async function usedOf(folder: string): Promise<number> {
  const stats = await statfs(folder).catch(() => null)
  return stats === null ? 0 : ((stats.blocks - stats.bfree) * stats.bsize) / 1e6
}

/** du(1) follows no links, and counts a file with several names once. */
async function sizeOf(folders: string[]): Promise<number> {
  const { stdout } = await promisify(execFile)(
    programOf('du'),
    ['--summarize', '--total', '--block-size=1', '--one-file-system', '--', ...folders],
    { env: helperEnvironment() },
    // It exits with 1 when a file disappears meanwhile.
  ).catch((error: { stdout?: string }) => ({ stdout: error.stdout ?? '' }))
  return Number(/^(\d+)\ttotal$/m.exec(stdout)?.[1] ?? 0) / 1e6
}
