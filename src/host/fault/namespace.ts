import { readdirSync, readlinkSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { programOf } from '#platform/process/program.ts'

/** Where `ip netns add` keeps namespaces that have no process. See ip-netns(8). */
const named = '/run/netns'

/** The network namespace of a process, such as `net:[4026531840]`; null when it has ended. */
export function namespaceOf(pid: number | 'self'): string | null {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`)
  } catch {
    return null
  }
}

/**
 * The start of a command line that runs the rest in a network namespace; null when the namespace
 * does not exist any more, and with it everything in it.
 */
export function insideOf(namespace: string): string[] | null {
  if (namespaceOf('self') === namespace) return []
  const file = findFile(namespace)
  return file === null ? null : [programOf('nsenter'), `--net=${file}`]
}

/** A file of the namespace: of a process in it, or of its name. */
function findFile(namespace: string): string | null {
  const pid = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .find((name) => namespaceOf(Number(name)) === namespace)
  if (pid !== undefined) return `/proc/${pid}/ns/net`
  const inode = Number(/\d+/.exec(namespace)?.[0])
  const files = namesIn(named).map((name) => join(named, name))
  return files.find((file) => statSync(file, { throwIfNoEntry: false })?.ino === inode) ?? null
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}
