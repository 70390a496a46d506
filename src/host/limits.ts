import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** A place in which the kernel bounds the memory of what runs there. */
export interface Limits {
  /** Makes the place; answers its folder, or why there is none, in a sentence. */
  bound(name: string, bytes: number): { folder: string } | { problem: string }
  /** Removes the place once it is empty. */
  release(name: string): void
}

/**
 * By cgroup v2, below the group that the host is in or below the root; Fairlead needs to own that
 * or be root.
 */
export function createLimits(hostId: string): Limits {
  const base = makeBase(`fairlead-${hostId}`)
  const folderOf = (name: string): string => join(base ?? '', name.replaceAll(/[^\w-]/g, '.'))
  return {
    bound: (name, bytes) => {
      const problem = `memory is not limited to ${Math.round(bytes / 1_048_576)} MB: this machine lets Fairlead use no memory controller of cgroup v2`
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
        // It has processes yet, or was never made.
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
        // Not made, or in use.
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
