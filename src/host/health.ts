import { request } from 'node:http'
import { connect } from 'node:net'

/** Why an instance is not healthy. */
export interface HealthProblem {
  /** The reason in a few words. */
  text: string
  /** The status of its response; null without one. */
  status: number | null
}

export interface HealthRequest {
  /** Null checks the connection only. */
  path: string | null
  /** The host name of the environment: an app may answer only to its own host names. */
  host: string
  /** Sent in addition, or instead. */
  headers?: Record<string, string> | undefined
}

/** Checks an instance once; null when it is healthy. */
export function checkHealth(
  port: number,
  { path, ...request }: HealthRequest,
  timeoutMs: number,
): Promise<HealthProblem | null> {
  return path === null
    ? checkTcp(port, timeoutMs)
    : checkHttp(port, { path, ...request }, timeoutMs)
}

function checkTcp(port: number, timeoutMs: number): Promise<HealthProblem | null> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port })
    const end = (text: string | null): void => {
      socket.destroy()
      resolve(text === null ? null : { text, status: null })
    }
    socket.setTimeout(timeoutMs, () => end(`port ${port} does not answer`))
    socket.once('connect', () => end(null))
    socket.once('error', () => end(`nothing listens on port ${port}`))
  })
}

function checkHttp(
  port: number,
  { path, host, headers }: HealthRequest & { path: string },
  timeoutMs: number,
): Promise<HealthProblem | null> {
  return new Promise((resolve) => {
    const sent = request(
      {
        host: '127.0.0.1',
        port,
        path,
        agent: false,
        headers: { host, 'user-agent': 'fairlead-health', ...headers },
      },
      (response) => {
        const status = response.statusCode ?? 0
        response.resume()
        sent.destroy()
        resolve(
          status >= 200 && status < 400 ? null : { text: `${path} answered ${status}`, status },
        )
      },
    )
    const timer = setTimeout(() => {
      sent.destroy()
      resolve({ text: `${path} did not answer within ${timeoutMs / 1000} s`, status: null })
    }, timeoutMs)
    sent.once('close', () => clearTimeout(timer))
    sent.once('error', (error: NodeJS.ErrnoException) =>
      resolve({
        text:
          error.code === 'ECONNREFUSED'
            ? `nothing listens on port ${port}`
            : `${path}: ${error.message}`,
        status: null,
      }),
    )
    sent.end()
  })
}
