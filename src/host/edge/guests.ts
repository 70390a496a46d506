import type { Entry } from './route.ts'
import type { Socket } from 'node:net'

/** What a connection of a client waits for, and for how many milliseconds. */
export interface Wait {
  /**
   * `request`: the next request. `head`: the rest of a head. `body`: more of a body. `reading`: the
   * client takes no more bytes. `service`: an instance.
   */
  for: 'request' | 'head' | 'body' | 'reading' | 'service'
  ms: number
}

/** A connection of a client. */
export interface Guest {
  readonly socket: Socket
  /** of the port that it connected to; null for a port of several environments */
  readonly entry: Entry | null
  waits(now: number): Wait
  destroy(): void
}

/** Milliseconds after which a connection is closed, by what it waits for. */
export interface GuestTimes {
  request: number
  head: number
  body: number
  reading: number
}

export const guestTimes: GuestTimes = {
  request: 75_000,
  head: 30_000,
  body: 60_000,
  reading: 60_000,
}

export interface GuestLimits {
  total: number
  /** For one IPv4 address or one /64 network of IPv6; loopback has no limit of its own. */
  perAddress: number
}

/**
 * The limits for a process that may open that many files. A request needs two: one for the client
 * and one for the instance.
 */
export function guestLimits(openFiles: number, total?: number, perAddress?: number): GuestLimits {
  const all = total ?? Math.max(100, Math.min(10_000, Math.floor((openFiles - 500) / 2)))
  return { total: all, perAddress: perAddress ?? Math.max(50, Math.floor(all / 10)) }
}

export function isOverdue(wait: Wait, times: GuestTimes): boolean {
  return wait.for !== 'service' && wait.ms > times[wait.for]
}

/** A new connection has this many milliseconds for its request before it counts as idle. */
const graceMs = 1000
/** A client that keeps a request waiting this long may be closed for another client. */
const patienceMs = 5000

/** The place of a connection in the order of closing; null for one that is never chosen. */
function rankOf({ for: what, ms }: Wait): number | null {
  if (what === 'service') return null
  if (what === 'request' || what === 'head') return ms >= graceMs ? 0 : 2
  return ms >= patienceMs ? 1 : null
}

/**
 * Chooses connections to close when a new one needs their place: first those without a request,
 * then requests whose client makes them wait, then connections that have just come; of each the
 * oldest first. A connection that waits for a service is never chosen.
 */
export function chooseToClose<T extends { wait: Wait }>(guests: T[], count: number): T[] {
  return guests
    .flatMap((guest) => {
      const rank = rankOf(guest.wait)
      return rank === null ? [] : [{ guest, rank }]
    })
    .toSorted((a, b) => a.rank - b.rank || b.guest.wait.ms - a.guest.wait.ms)
    .slice(0, count)
    .map(({ guest }) => guest)
}

/**
 * The network that counts as one client: an IPv4 address, or the first 64 bits of an IPv6 address.
 * Null for loopback, from where a proxy on this machine connects for all of its clients.
 */
export function networkOf(address: string): string | null {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '')
  if (plain === '::1' || plain.startsWith('127.')) return null
  if (!plain.includes(':')) return plain
  const [start = '', end] = plain.split('::')
  const groups = start === '' ? [] : start.split(':')
  const rest = end === undefined || end === '' ? [] : end.split(':')
  const zeros = Array.from({ length: Math.max(0, 8 - groups.length - rest.length) }, () => '0')
  return [...groups, ...(end === undefined ? [] : zeros), ...rest].slice(0, 4).join(':')
}

/** Finds out for how long a client neither sends nor takes bytes, without work for each byte. */
export class Progress {
  #read = -1
  #readAt = 0
  #unsent = 0
  #sentAt = 0

  /** Milliseconds since bytes arrived, and since waiting bytes were taken; 0 if none wait. */
  sample(
    { bytesRead, writableLength }: Pick<Socket, 'bytesRead' | 'writableLength'>,
    now: number,
  ): { read: number; sent: number } {
    if (bytesRead !== this.#read) [this.#read, this.#readAt] = [bytesRead, now]
    if (writableLength !== this.#unsent) [this.#unsent, this.#sentAt] = [writableLength, now]
    return { read: now - this.#readAt, sent: writableLength === 0 ? 0 : now - this.#sentAt }
  }
}

/** A connection that has not begun its first request: its handshake is under way. */
export class Handshake implements Guest {
  readonly socket: Socket
  readonly entry = null
  readonly #since = performance.now()

  constructor(socket: Socket) {
    this.socket = socket
  }

  waits(now: number): Wait {
    return { for: 'head', ms: now - this.#since }
  }

  destroy(): void {
    this.socket.destroy()
  }
}

/** All connections of clients, with their limits. */
export class Guests {
  readonly #limits: GuestLimits
  readonly #all = new Set<Guest>()
  readonly #byNetwork = new Map<string, Set<Guest>>()
  readonly #networks = new Map<Guest, string>()
  #closed = 0
  #refused = 0

  constructor(limits: GuestLimits) {
    this.#limits = limits
  }

  get size(): number {
    return this.#all.size
  }

  /** Makes a place for a connection from an address; false when there is none. */
  admit(address: string, now: number): boolean {
    const same = this.#byNetwork.get(networkOf(address) ?? '') ?? new Set()
    const isAdmitted =
      this.#makePlace(same, this.#limits.perAddress, now) &&
      this.#makePlace(this.#all, this.#limits.total, now)
    if (!isAdmitted) this.#refused += 1
    return isAdmitted
  }

  /** Closes a hundredth at once, because choosing needs a look at all. */
  #makePlace(guests: Set<Guest>, limit: number, now: number): boolean {
    if (guests.size < limit) return true
    const waits = [...guests].map((guest) => ({ guest, wait: guest.waits(now) }))
    const chosen = chooseToClose(waits, Math.ceil(limit / 100))
    for (const { guest } of chosen) guest.destroy()
    this.#closed += chosen.length
    return guests.size < limit
  }

  add(guest: Guest): void {
    this.#all.add(guest)
    const network = networkOf(guest.socket.remoteAddress ?? '')
    if (network === null) return
    this.#networks.set(guest, network)
    const same = this.#byNetwork.get(network)
    if (same) same.add(guest)
    else this.#byNetwork.set(network, new Set([guest]))
  }

  remove(guest: Guest): void {
    this.#all.delete(guest)
    const network = this.#networks.get(guest)
    if (network === undefined) return
    this.#networks.delete(guest)
    const same = this.#byNetwork.get(network)
    same?.delete(guest)
    if (same?.size === 0) this.#byNetwork.delete(network)
  }

  /** Closes connections that wait for their client too long. */
  sweep(now: number, times: GuestTimes): void {
    for (const guest of this.#all) if (isOverdue(guest.waits(now), times)) guest.destroy()
  }

  /** Closes those of a port that wait too long; returns how many are left. */
  sweepOf(entry: Entry, now: number, times: GuestTimes): number {
    const mine = [...this.#all].filter((guest) => guest.entry === entry)
    const overdue = mine.filter((guest) => isOverdue(guest.waits(now), times))
    for (const guest of overdue) guest.destroy()
    return mine.length - overdue.length
  }

  destroyAll(): void {
    for (const guest of this.#all) guest.destroy()
  }

  /** How many connections the limits closed and refused since the last call. */
  takeCounts(): { closed: number; refused: number } {
    const counts = { closed: this.#closed, refused: this.#refused }
    this.#closed = this.#refused = 0
    return counts
  }
}
