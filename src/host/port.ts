import { createServer } from 'node:net'

/**
 * Below the ephemeral ports, so that no outgoing connection takes a port between choice and use.
 */
const lowest = 12_000
const highest = 19_999

/** Assigns each instance a port that is free on this machine. */
export class Ports {
  readonly #assigned = new Set<number>()
  readonly #random: () => number

  constructor(random: () => number) {
    this.#random = random
  }

  /** Returns the former port when it is free. Throws when no port is free. */
  async assign(preferred: number | null): Promise<number> {
    for (let tries = 0; tries < 500; tries += 1) {
      const port =
        tries === 0 && preferred !== null
          ? preferred
          : lowest + Math.floor(this.#random() * (highest - lowest + 1))
      if (this.#assigned.has(port)) continue
      this.#assigned.add(port)
      if (await isFree(port)) return port
      this.#assigned.delete(port)
    }
    throw new Error(`no port from ${lowest} to ${highest} is free`)
  }

  /** Reserves the port of a process that outlived a host. */
  reserve(port: number): void {
    this.#assigned.add(port)
  }

  release(port: number | null): void {
    if (port !== null) this.#assigned.delete(port)
  }
}

/** Checks every address of the machine, because a service may listen on all of them. */
async function isFree(port: number): Promise<boolean> {
  const answer = await tryListen(port, '::')
  return answer === 'no such address'
    ? (await tryListen(port, '0.0.0.0')) === 'free'
    : answer === 'free'
}

function tryListen(port: number, host: string): Promise<'free' | 'taken' | 'no such address'> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) =>
      resolve(error.code === 'EADDRINUSE' || error.code === 'EACCES' ? 'taken' : 'no such address'),
    )
    server.listen(port, host, () => server.close(() => resolve('free')))
  })
}
