import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Memory limits that the kernel enforces. */
export interface Limits {
  /** Creates a cgroup with a limit; returns its folder, or the reason why there is none. */
  bound(name: string, bytes: number): { folder: string } | { problem: string }
  /** Removes the cgroup once it is empty. */
  release(name: string): void
}

/**
 * Uses cgroup v2, below the group of the host or below the root; Fairlead must own it or run as
 * root.
 */
export function createLimits(hostId: string): Limits {
  const base = makeBase(`fairlead-${hostId}`)
  const folderOf = (name: string): string => join(base ?? '', name.replaceAll(/[^\w-]/g, '.'))
  return {
    bound: (name, bytes) => {
      const megabytes = Math.round(bytes / 1_048_576)
      const problem =
        `memory is not limited to ${megabytes} MB: ` +
        'this machine lets Fairlead use no memory controller of cgroup v2'
      if (base === null) return { problem }
      try {
        mkdirSync(folderOf(name), { recursive: true })
        writeFileSync(join(folderOf(name), 'memory.max'), String(bytes))
        return { folder: folderOf(name) }
      } catch {
        return { problem }
      }
    },
    release: (name) => {
      if (base === null) return
      try {
        rmdirSync(folderOf(name))
      } catch {
        // It still has processes, or was never created.
      }
    },
  }
}

function makeBase(name: string): string | null {
  const mount = /^\S+ \S+ \S+ \S+ (\S+) .* - cgroup2 /m.exec(read('/proc/self/mountinfo'))?.[1]
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
