import { readFileSync } from 'node:fs'

/** The boot id of Linux, which changes with every boot: random(4). Null elsewhere. */
export function bootId(): string | null {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  } catch {
    return null
  }
}
