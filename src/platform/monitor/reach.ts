import { connect } from 'node:net'
import { networkInterfaces } from 'node:os'
import { hostAndPort } from './connection.ts'

export interface ReachOptions {
  /** addresses `host:port` outside of this machine */
  references(): string[]
  /** milliseconds since 1970 */
  now(): number
}

/** Whether this machine reaches anything. */
export interface Reach {
  /** another machine has answered */
  answered(): void
  isConnected(): Promise<boolean>
}

/**
 * Milliseconds for which an answer of another machine is believed, and its absence. The first is
 * shorter than the time in which a failed check is confirmed.
 */
const believed = { answer: 800, absence: 5000 }
const patience = 2000

/**
 * A prober that reaches nothing must not report that everything is down. It is connected when
 * another machine answered lately, or when one of the references does; a refused connection is an
 * answer. Without references, an address of its own is all that can be asked for.
 */
export function createReach({ references, now }: ReachOptions): Reach {
  let answeredAt = -Infinity
  let asked: { at: number; answer: Promise<boolean> } | null = null
  const ask = async (): Promise<boolean> => {
    const all = references()
    if (!hasAddress()) return false
    if (all.length === 0) return true
    const answers = all.map(async (reference) => {
      if (!(await doesAnswer(reference))) throw new Error(reference)
    })
    return Promise.any(answers).then(
      () => true,
      () => false,
    )
  }
  const note = (isConnected: boolean): boolean => {
    if (isConnected) [answeredAt, asked] = [now(), null]
    return isConnected
  }
  return {
    answered: () => void (answeredAt = now()),
    isConnected: () => {
      if (now() - answeredAt < believed.answer) return Promise.resolve(true)
      if (asked === null || now() - asked.at >= believed.absence)
        asked = { at: now(), answer: ask().then(note) }
      return asked.answer
    },
  }
}

const hasAddress = (): boolean =>
  Object.values(networkInterfaces()).some((all) => all?.some(({ internal }) => !internal))

function doesAnswer(reference: string): Promise<boolean> {
  return new Promise((resolve) => {
    const { host, port } = hostAndPort(reference)
    const socket = connect({ host, port, timeout: patience })
    const end = (does: boolean): void => {
      socket.destroy()
      resolve(does)
    }
    socket.once('connect', () => end(true))
    socket.once('timeout', () => end(false))
    socket.once('error', ({ code }: NodeJS.ErrnoException) =>
      end(code === 'ECONNREFUSED' || code === 'ECONNRESET'),
    )
  })
}
