import { createServer } from 'node:net'

/** A port of this machine that no environment may have, and what has it, for people. */
export interface ReservedPort {
  port: number
  owner: string
}

/** Whether a port cannot be opened on an address, because a program has it or it is not allowed. */
export function isPortTaken(port: number, address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(true))
    server.listen(port, address, () => server.close(() => resolve(false)))
  })
}
