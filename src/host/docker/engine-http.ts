import { Agent, type IncomingMessage, request } from 'node:http'

/** An answer of the Engine that is not a success. */
export class EngineError extends Error {
  /** The HTTP status; 0 when the Engine did not answer. */
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

export interface EngineRequest {
  method: string
  path: string
  body?: unknown
  headers?: Record<string, string>
  /** milliseconds until the head of the answer; default: 60 s */
  timeoutMs?: number
}

/** Requests of the API of an Engine over its unix socket. */
export interface EngineHttp {
  /** The JSON of an answer, or undefined without one. Throws an EngineError. */
  call(request: EngineRequest): Promise<unknown>
  /** The body of an answer as it comes. Throws an EngineError. */
  stream(request: EngineRequest): Promise<IncomingMessage>
}

/** Docker 20.10 and Podman 4 have it. A newer Engine may ask for a newer one. */
const oldest = '1.40'

export function createEngineHttp(socketPath: string): EngineHttp {
  const agent = new Agent({ keepAlive: true, maxFreeSockets: 4 })
  let version = oldest
  const stream = async (sent: EngineRequest): Promise<IncomingMessage> => {
    const asked = version
    const response = await send(socketPath, agent, { ...sent, path: `/v${asked}${sent.path}` })
    if ((response.statusCode ?? 0) < 400) return response
    const text = messageOf(await textOf(response))
    const least = /minimum supported API version is (\d+\.\d+)/i.exec(text)?.[1]
    if (least === undefined || least === asked)
      throw new EngineError(response.statusCode ?? 0, text)
    version = least
    return stream(sent)
  }
  return {
    stream,
    call: async (sent) => {
      const text = await textOf(await stream(sent))
      return text === '' ? undefined : (JSON.parse(text) as unknown)
    },
  }
}

function send(socketPath: string, agent: Agent, sent: EngineRequest): Promise<IncomingMessage> {
  const { method, path, body, headers = {}, timeoutMs = 60_000 } = sent
  const text = body === undefined ? undefined : JSON.stringify(body)
  return new Promise((resolve, reject) => {
    const outgoing = request({
      ...{ socketPath, agent, method, path },
      headers: {
        host: 'docker',
        ...(text && { 'content-type': 'application/json' }),
        ...(text && { 'content-length': Buffer.byteLength(text) }),
        ...headers,
      },
    })
    const timer = setTimeout(
      () => outgoing.destroy(new Error(`no answer within ${timeoutMs / 1000} s`)),
      timeoutMs,
    )
    outgoing.once('close', () => clearTimeout(timer))
    outgoing.once('response', (response) => {
      clearTimeout(timer)
      resolve(response)
    })
    outgoing.once('error', (error) =>
      reject(
        new EngineError(0, `the Docker Engine at ${socketPath} does not answer: ${error.message}`),
      ),
    )
    outgoing.end(text)
  })
}

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  try {
    for await (const chunk of response) chunks.push(chunk as Buffer)
  } catch (error) {
    throw new EngineError(0, `the Docker Engine broke off: ${(error as Error).message}`)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** The `message` of an error, without the words of the Engine around it. */
function messageOf(text: string): string {
  try {
    const { message } = JSON.parse(text) as { message?: unknown }
    return String(message).replace(/\s+/g, ' ').trim()
  } catch {
    return text.slice(0, 500)
  }
}
