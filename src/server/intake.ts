import type { Readable } from 'node:stream'
import { FairleadError } from '#contract/errors.ts'

export interface IntakeLimits {
  /** bytes of one body */
  body: number
  /** bytes that are held at the same time: of one address, and of all */
  ofAddress: number
  all: number
}

interface Holder {
  address: string
  bytes: number
  /** refuses the body; null once it is complete */
  refuse: (() => void) | null
}

export interface Intake {
  /**
   * Reads a body. `release` gives its bytes back, and must be called when the body is no longer
   * held. Throws `too_large`, or `unavailable` when the body was refused to make room.
   */
  read(
    payload: Readable,
    from: { address: string; length: number | null },
  ): { body: Promise<Buffer>; release(): void }
}

/**
 * Holds bodies that nobody has authenticated yet. What counts are the bytes that arrived, not those
 * that were announced. When there is no room, the largest incomplete body is refused, first among
 * those of the address that holds too much. A small delivery therefore gets through while somebody
 * sends large ones.
 */
export function createIntake(limits: IntakeLimits): Intake {
  const holders = new Set<Holder>()
  const sumOf = (some: Holder[]): number => some.reduce((sum, { bytes }) => sum + bytes, 0)
  const makeRoom = ({ address }: Holder): void => {
    for (;;) {
      const all = [...holders]
      const own = all.filter((one) => one.address === address)
      const crowded = sumOf(own) > limits.ofAddress ? own : sumOf(all) > limits.all ? all : null
      if (crowded === null) return
      const largest = crowded
        .filter(({ refuse }) => refuse !== null)
        .reduce<Holder | null>((most, one) => (most && most.bytes >= one.bytes ? most : one), null)
      if (!largest) return
      holders.delete(largest)
      largest.refuse?.()
    }
  }
  return {
    read: (payload, { address, length }) => {
      const { promise, resolve, reject } = Promise.withResolvers<Buffer>()
      const chunks: Buffer[] = []
      const holder: Holder = { address, bytes: 0, refuse: null }
      const end = (): void => {
        payload.off('data', onData).off('end', onEnd).off('error', fail)
        holder.refuse = null
      }
      const fail = (error: Error): void => {
        end()
        chunks.length = 0
        holders.delete(holder)
        payload.resume()
        reject(error)
      }
      const onData = (chunk: Buffer): void => {
        if (holder.bytes + chunk.length > limits.body) return fail(tooLarge(limits.body))
        holder.bytes += chunk.length
        chunks.push(chunk)
        makeRoom(holder)
      }
      const onEnd = (): void => {
        end()
        resolve(Buffer.concat(chunks))
      }
      holder.refuse = () => fail(full())
      holders.add(holder)
      payload.on('data', onData).on('end', onEnd).on('error', fail)
      if (length !== null && length > limits.body) fail(tooLarge(limits.body))
      return { body: promise, release: () => void holders.delete(holder) }
    },
  }
}

const tooLarge = (bytes: number): FairleadError =>
  new FairleadError('too_large', {
    what: 'The request',
    limit: `${Math.round(bytes / 1024 / 1024)} MB`,
  })

const full = (): FairleadError =>
  new FairleadError('unavailable', { what: 'The inbox, which is full,' })
