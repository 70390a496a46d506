import { readFileSync, statfsSync } from 'node:fs'
import type { HostStatus } from '#contract/host/status.ts'
import { type GuestLimits, guestLimits } from './edge/guests.ts'
import type { HostSettings } from './settings.ts'

/** The disk of a folder, in bytes; empty when it is unknown. */
export function diskOf(folder: string): Pick<HostStatus, 'disk'> {
  try {
    const { bavail, blocks, bsize } = statfsSync(folder)
    return { disk: { free: bavail * bsize, total: blocks * bsize } }
  } catch {
    return {}
  }
}

/** The limits of connections at the edge: from the settings, or as files may be opened. */
export const edgeLimits = ({ connections, connectionsPerAddress }: HostSettings): GuestLimits =>
  guestLimits(openFilesLimit(), connections, connectionsPerAddress)

/** How many files this process may open; Infinity when unknown or without a limit. */
function openFilesLimit(): number {
  try {
    const limits = readFileSync('/proc/self/limits', 'utf8')
    return Number(/^Max open files +(\d+)/m.exec(limits)?.[1] ?? Infinity)
  } catch {
    return Infinity
  }
}
