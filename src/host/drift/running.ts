import { readFileSync, readlinkSync } from 'node:fs'
import { familyOf } from '../processes.ts'
import { commandOf, isHelper, readText, variablesOf } from '../rehearsal/words.ts'
import type { PlannedInstance } from './plan.ts'

/** What an instance runs with, as the kernel reports it. */
export interface RunningInstance {
  /** milliseconds since 1970 */
  started: number
  /** what the host started it with; null when it has overwritten them */
  variables: Record<string, string> | null
  words: string[]
  /** programs and libraries in use whose file is gone or was replaced */
  replaced: { kind: 'program' | 'library'; file: string }[]
  /** its working directory; null when it was deleted */
  folder: string | null
  user: number | null
  /** bytes; null when it is not limited, or when that is not known */
  memory: number | null
}

/** Null when it does not run. */
export function readInstance(instance: PlannedInstance): RunningInstance | null {
  const family = familyOf(instance).toSorted((a, b) => a - b)
  // The helpers that isolate it have other variables; a program may overwrite its own.
  const first =
    family.find((pid) => variablesOf(pid) !== null) ??
    family.find((pid) => !isHelper(commandOf(pid))) ??
    null
  if (first === null) return null
  const own = family.filter((pid) => pid >= first)
  const folder = linkOf(`/proc/${first}/cwd`)
  return {
    started: instance.started ?? 0,
    variables: variablesOf(first),
    words: commandOf(first),
    replaced: own.flatMap(replacedFiles),
    folder: folder === null || isDeleted(folder) ? null : folder,
    user: userOf(first),
    memory: memoryOf(first),
  }
}

const isDeleted = (path: string): boolean => path.endsWith(' (deleted)')

function linkOf(path: string): string | null {
  try {
    return readlinkSync(path)
  } catch {
    return null
  }
}

function replacedFiles(pid: number): RunningInstance['replaced'] {
  const program = linkOf(`/proc/${pid}/exe`)
  return [
    ...(program !== null && isDeleted(program)
      ? [{ kind: 'program' as const, file: withoutDeleted(program) }]
      : []),
    ...replacedLibraries(readText(`/proc/${pid}/maps`)).map((file) => ({
      ...{ kind: 'library' as const, file },
    })),
  ]
}

const withoutDeleted = (path: string): string => path.slice(0, -' (deleted)'.length)

/** The shared libraries of a memory map whose file was replaced. See proc_pid_maps(5). Pure. */
export function replacedLibraries(maps: string): string[] {
  const files = maps.split('\n').flatMap((line) => {
    const at = line.indexOf('/')
    const path = at === -1 ? '' : line.slice(at)
    if (!isDeleted(path)) return []
    const file = withoutDeleted(path)
    const isTemporary = ['/tmp/', '/dev/', '/memfd:', '/proc/', '/run/'].some((folder) =>
      file.startsWith(folder),
    )
    const name = file.slice(file.lastIndexOf('/') + 1)
    return !isTemporary && (name.endsWith('.so') || name.includes('.so.')) ? [file] : []
  })
  return [...new Set(files)]
}

function userOf(pid: number): number | null {
  const uid = /^Uid:\s+(\d+)/m.exec(readText(`/proc/${pid}/status`))?.[1]
  return uid === undefined ? null : Number(uid)
}

/** The limit of its cgroup of version 2. */
function memoryOf(pid: number): number | null {
  const path = /^0::(\/.*)$/m.exec(readText(`/proc/${pid}/cgroup`))?.[1]
  if (path === undefined) return null
  try {
    const limit = Number(readFileSync(`/sys/fs/cgroup${path}/memory.max`, 'utf8'))
    return Number.isFinite(limit) ? limit : null
  } catch {
    return null
  }
}
