import { request } from 'node:http'
import { connect } from 'node:net'

/**
 * Checks an instance once; null when it is healthy, otherwise the reason in a few words. `host` is
 * the host name of the environment: an app may answer only to its own host names.
 */
export function checkHealth(
  port: number,
  { path, host }: { path: string | null; host: string },
  timeoutMs: number,
): Promise<string | null> {
  return path === null ? checkTcp(port, timeoutMs) : checkHttp(port, { path, host }, timeoutMs)
}

function checkTcp(port: number, timeoutMs: number): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port })
    const end = (answer: string | null): void => {
      socket.destroy()
      resolve(answer)
    }
    socket.setTimeout(timeoutMs, () => end(`port ${port} does not answer`))
    socket.once('connect', () => end(null))
    socket.once('error', () => end(`nothing listens on port ${port}`))
  })
}

function checkHttp(
  port: number,
  { path, host }: { path: string; host: string },
  timeoutMs: number,
): Promise<string | null> {
  return new Promise((resolve) => {
    const sent = request(
      {
        host: '127.0.0.1',
        port,
        path,
        agent: false,
        headers: { host, 'user-agent': 'fairlead-health' },
      },
      (response) => {
        const status = response.statusCode ?? 0
        response.resume()
        sent.destroy()
        resolve(status >= 200 && status < 400 ? null : `${path} answered ${status}`)
      },
    )
    const timer = setTimeout(() => {
      sent.destroy()
      resolve(`${path} did not answer within ${timeoutMs / 1000} s`)
    }, timeoutMs)
    sent.once('close', () => clearTimeout(timer))
    sent.once('error', (error: NodeJS.ErrnoException) =>
      resolve(
        error.code === 'ECONNREFUSED'
          ? `nothing listens on port ${port}`
          : `${path}: ${error.message}`,
      ),
    )
    sent.end()
  })
}
