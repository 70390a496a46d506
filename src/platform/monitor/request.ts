import { request as plain, type IncomingMessage, type RequestOptions } from 'node:http'
import { request as secure } from 'node:https'
import { guarded } from './connection.ts'
import type { HostIo } from './monitor-kind.ts'

export interface Sent {
  url: URL
  method: string
  headers: Record<string, string>
  body: string | undefined
  family: 4 | 6 | undefined
  /** certificates of authorities, as PEM, instead of those of the system */
  ca: string | undefined
  /** read the body, at most 1 MB */
  readsBody: boolean
}

export interface Answer {
  status: number
  location: string | undefined
  body: string
}

const maxBytes = 1024 * 1024

/** Sends one request and follows no redirects. The environment is reached by its edge. */
export function sendRequest(sent: Sent, io: HostIo): Promise<Answer> {
  const { url, method, family, ca, body } = sent
  const isOurs = url.hostname === io.edge.host
  const options: RequestOptions & { ca?: string } = {
    ...(isOurs ? { host: '127.0.0.1' } : guarded(url.hostname, io)),
    port: isOurs ? io.edge.port : url.port || (url.protocol === 'https:' ? 443 : 80),
    path: `${url.pathname}${url.search}`,
    method,
    agent: false,
    signal: io.signal,
    headers: {
      host: url.host,
      'user-agent': 'fairlead-monitor',
      accept: '*/*',
      ...sent.headers,
      ...(body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }),
    },
    ...(family === undefined ? {} : { family }),
    ...(ca === undefined ? {} : { ca }),
  }
  const isPlain = isOurs || url.protocol === 'http:'
  return new Promise((resolve, reject) => {
    const opened = (isPlain ? plain : secure)(options, (response) => {
      void readBody(response, sent.readsBody).then(
        (text) =>
          resolve({
            status: response.statusCode ?? 0,
            location: response.headers.location,
            body: text,
          }),
        reject,
      )
    })
    opened.once('error', reject)
    opened.end(body)
  })
}

async function readBody(response: IncomingMessage, isWanted: boolean): Promise<string> {
  if (!isWanted) {
    response.destroy()
    return ''
  }
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk)
    size += chunk.length
    if (size > maxBytes) break
  }
  return Buffer.concat(chunks).subarray(0, maxBytes).toString('utf8')
}
