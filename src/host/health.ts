import { request } from 'node:http'
import { connect } from 'node:net'
import { type Address, socketOf } from './address.ts'

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
  address: Address,
  { path, ...request }: HealthRequest,
  timeoutMs: number,
): Promise<HealthProblem | null> {
  return path === null
    ? checkTcp(address, timeoutMs)
    : checkHttp(address, { path, ...request }, timeoutMs)
}

function checkTcp(address: Address, timeoutMs: number): Promise<HealthProblem | null> {
  return new Promise((resolve) => {
    const { host, port } = socketOf(address)
    const socket = connect({ host, port })
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
  address: Address,
  { path, host, headers }: HealthRequest & { path: string },
  timeoutMs: number,
): Promise<HealthProblem | null> {
  const place = socketOf(address)
  return new Promise((resolve) => {
    const sent = request(
      {
        ...place,
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
            ? `nothing listens on port ${place.port}`
            : `${path}: ${error.message}`,
        status: null,
      }),
    )
    sent.end()
  })
}
