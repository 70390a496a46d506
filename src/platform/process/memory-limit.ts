import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Memory limits that the kernel enforces. */
export interface Limits {
  /** Creates a cgroup with a limit; returns its folder, or the reason why there is none. */
  bound(name: string, bytes: number): { folder: string } | { problem: string }
  /** Removes the cgroup once it is empty. */
  release(name: string): void
  /** Returns whether the kernel killed a process because of the limit. */
  isExceeded(name: string): boolean
}

/**
 * Uses cgroup v2, below the group of this process or below the root; Fairlead must own it or run
 * as root. `owner` separates the groups of hosts and runners. Groups are created when needed.
 */
export function createLimits(owner: string): Limits {
  let base: string | null | undefined
  const folderOf = (name: string): string => join(base ?? '', name.replaceAll(/[^\w-]/g, '.'))
  return {
    bound: (name, bytes) => {
      const megabytes = Math.round(bytes / 1_048_576)
      const problem =
        `memory is not limited to ${megabytes} MB: ` +
        'this machine lets Fairlead use no memory controller of cgroup v2'
      if (base === undefined) base = makeBase(`fairlead-${owner}`)
      if (base === null) return { problem }
      try {
        mkdirSync(folderOf(name), { recursive: true })
        writeFileSync(join(folderOf(name), 'memory.max'), String(bytes))
        writeFileSync(join(folderOf(name), 'memory.oom.group'), '1')
        return { folder: folderOf(name) }
      } catch {
        return { problem }
      }
    },
    release: (name) => {
      if (!base) return
      try {
        rmdirSync(folderOf(name))
      } catch {
        // It still has processes, or was never created.
      }
    },
    isExceeded: (name) => Boolean(base) && hasKilled(read(join(folderOf(name), 'memory.events'))),
  }
}

/** Reads memory.events of a cgroup. */
export const hasKilled = (events: string): boolean => /^oom_kill [1-9]/m.test(events)

/** The process joins the cgroup before it becomes the command, so that no child starts outside. */
export const joinCgroup = (folder: string | null): string[] =>
  folder === null ? [] : ['/bin/sh', '-c', 'echo $$ > "$0/cgroup.procs" && exec "$@"', folder]

/**
 * The memory of a process with a cgroup of its own that counts against the limit of that cgroup, in
 * bytes; null without a limit. The content of files is not counted: the kernel drops it before it
 * kills anything.
 */
export function limitedMemory(pid: number, root = '/'): { used: number; limit: number } | null {
  const groupOf = (who: string): string | undefined =>
    /^0::(.*)$/m.exec(read(join(root, 'proc', who, 'cgroup')))?.[1]
  const [mount, group] = [mountIn(root), groupOf(String(pid))]
  if (mount === undefined || group === undefined || group === groupOf('self')) return null
  const readIn = (file: string): string => read(join(root, mount, group, file))
  const limit = Number.parseInt(readIn('memory.max'), 10)
  const current = Number.parseInt(readIn('memory.current'), 10)
  if (Number.isNaN(limit) || Number.isNaN(current)) return null
  const files = [...readIn('memory.stat').matchAll(/^(?:in)?active_file (\d+)$/gm)]
  const used = files.reduce((rest, [, bytes]) => rest - Number(bytes), current)
  return { used: Math.max(0, used), limit }
}

/** Where cgroup v2 is mounted. */
const mountIn = (root: string): string | undefined =>
  /^\S+ \S+ \S+ \S+ (\S+) .* - cgroup2 /m.exec(read(join(root, 'proc/self/mountinfo')))?.[1]

function makeBase(name: string): string | null {
  const mount = mountIn('/')
  if (mount === undefined) return null
  const own = /^0::(.*)$/m.exec(read('/proc/self/cgroup'))?.[1] ?? '/'
  for (const parent of new Set([join(mount, own), mount])) {
    const base = join(parent, name)
    try {
      mkdirSync(base, { recursive: true })
      for (const folder of [parent, base]) {
        if (!read(join(folder, 'cgroup.controllers')).split(/\s/).includes('memory'))
          throw new Error('no memory controller')
        if (!read(join(folder, 'cgroup.subtree_control')).includes('memory'))
          writeFileSync(join(folder, 'cgroup.subtree_control'), '+memory')
      }
      return base
    } catch {
      try {
        rmdirSync(base)
      } catch {
        // It was not created, or is in use.
      }
    }
  }
  return null
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
