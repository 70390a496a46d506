import { createSocket } from 'node:dgram'
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { ntpServer } from '#platform/ntp.ts'

/** Seconds from 1900, where the time of NTP begins, to 1970. */
const epoch = 2_208_988_800
/** Milliseconds that a server has to answer, and between two measurements. */
const patience = 3000
const every = 300_000
const mostServers = 3

/** Files that name the NTP servers of a machine: chrony, ntpd, and systemd-timesyncd. */
const ntpFiles = [
  ...['/etc/chrony/chrony.conf', '/etc/chrony.conf', '/etc/ntpsec/ntp.conf', '/etc/ntp.conf'],
  '/etc/systemd/timesyncd.conf',
]

/**
 * The NTP servers in the text of such a file. The defaults of systemd-timesyncd are in its file as
 * a comment.
 */
export function ntpServers(text: string): string[] {
  return text.split('\n').flatMap((line) => {
    const [word = '', ...rest] = line.trim().split(/\s+/)
    if (['server', 'pool', 'peer'].includes(word)) return rest.slice(0, 1)
    const [, listed] = /^#?(?:Fallback)?NTP=(.*)$/.exec(line.trim()) ?? []
    return listed?.split(/\s+/).filter(Boolean) ?? []
  })
}

/** The clock by the servers that somebody named, or without one, by those that the machine uses. */
export function clockOf(named: readonly string[], now: () => number): Clock {
  const servers = named.length > 0 ? named : ntpFiles.flatMap((file) => ntpServers(readText(file)))
  return createClock(servers, { isAsked: named.length > 0, now })
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

/**
 * How far the clock of this machine is ahead of that of the server, in milliseconds, by RFC 4330;
 * null for an answer that is not valid. `sent` and `received` are by the clock of this machine.
 */
export function offsetOf(
  reply: Buffer,
  { key, sent, received }: { key: Buffer; sent: number; received: number },
): number | null {
  if (reply.length < 48 || !reply.subarray(24, 32).equals(key)) return null
  const [first = 0, stratum = 0] = reply
  const isAnswer = first % 8 === 4 && first >> 6 !== 3 && stratum >= 1 && stratum <= 15
  if (!isAnswer) return null
  const [arrived, left] = [timeAt(reply, 32), timeAt(reply, 40)]
  return (sent - arrived + (received - left)) / 2
}

const timeAt = (packet: Buffer, at: number): number =>
  (packet.readUInt32BE(at) - epoch) * 1000 + packet.readUInt32BE(at + 4) / (2 ** 32 / 1000)

/** Asks an NTP server, `host` or `host:port`; null without a valid answer. */
export function askOffset(server: string, now: () => number): Promise<number | null> {
  const { host, port } = ntpServer(server)
  const key = randomBytes(8)
  // Version 4, client. The server returns the last eight bytes, which are no time of this machine.
  const packet = Buffer.concat([Buffer.from([0x23]), Buffer.alloc(39), key])
  return new Promise((resolve) => {
    const socket = createSocket('udp4')
    const end = (offset: number | null): void => {
      clearTimeout(timer)
      socket.close()
      resolve(offset)
    }
    const timer = setTimeout(() => end(null), patience)
    socket.once('error', () => end(null))
    let sent = 0
    socket.once('message', (reply) => end(offsetOf(reply, { key, sent, received: now() })))
    try {
      socket.connect(port, host, (error?: Error) => {
        if (error) return end(null)
        sent = now()
        socket.send(packet)
      })
    } catch {
      // The port is not a number from 1 to 65,535.
      end(null)
    }
  })
}

/** Measures the clock of this machine from time to time. */
export interface Clock {
  start(): void
  /**
   * Seconds that the clock is ahead; null when no server answers. Undefined when nobody asked for
   * servers and none has answered: those in the files of a machine may be out of reach.
   */
  offset(): number | null | undefined
}

/** `isAsked`: whether somebody named the servers for Fairlead. */
export function createClock(
  servers: readonly string[],
  { isAsked, now }: { isAsked: boolean; now: () => number },
): Clock {
  let offset: number | null | undefined = isAsked ? null : undefined
  const measure = async (): Promise<void> => {
    const asked = servers.slice(0, mostServers).map((server) => askOffset(server, now))
    const found = (await Promise.all(asked)).filter((one) => one !== null)
    const middle = found.toSorted((a, b) => a - b)[Math.floor(found.length / 2)]
    if (middle !== undefined) offset = middle / 1000
    else if (offset !== undefined) offset = null
  }
  return {
    start: () => {
      if (servers.length === 0) return
      void measure()
      setInterval(() => void measure(), every).unref()
    },
    offset: () => offset,
  }
}
