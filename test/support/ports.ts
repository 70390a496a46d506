import { createServer } from 'node:net'

/**
 * A port with the edge's (+80) and the first ten environments' ports free after it. Each worker has
 * a range of its own: ports of a server that restarts look free to the other workers. Linux gives
 * no port below 32768 to a connection.
 */
export async function freePorts(): Promise<number> {
  const worker = Number(process.env['VITEST_POOL_ID'] ?? 0) % 4
  for (;;) {
    const port = 20_000 + worker * 3000 + Math.floor(Math.random() * 2900)
    const wanted = [port, ...Array.from({ length: 10 }, (_, i) => port + 80 + i)]
    if ((await Promise.all(wanted.map(isFree))).every(Boolean)) return port
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
