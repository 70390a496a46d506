import { createServer } from 'node:net'

/** A port that nothing listens on: the one it had before when that is free, so that an adopted address stays true. */
export async function freePort(wish: number | null): Promise<number> {
  return (wish !== null && (await tryPort(wish))) || (await tryPort(0)) || freePort(null)
}

function tryPort(port: number): Promise<number | null> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(null))
    server.listen(port, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : null))
    })
  })
}
