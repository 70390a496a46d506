import {
  createServer,
  request,
  type IncomingHttpHeaders,
  type RequestListener,
  type RequestOptions,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import { createEdge, type Edge, type EdgeRoute } from '#host/edge/edge.ts'

export const edgeHost = 'shop.production.localhost'

export interface EdgeReply {
  status: number
  headers: IncomingHttpHeaders
  trailers: NodeJS.Dict<string>
  text: string
}

/** An edge with services that run in this process, until `close`. */
export class TestEdge {
  readonly edge: Edge
  readonly #closers: (() => unknown)[] = []

  constructor(options: Partial<Parameters<typeof createEdge>[0]> = {}) {
    this.edge = createEdge({
      ...{ address: '127.0.0.1', log: () => undefined, random: Math.random },
      ...options,
    })
    this.#closers.push(() => this.edge.close(0))
  }

  async listen(): Promise<this> {
    await this.edge.listen(0, new Map())
    return this
  }

  /** Starts a service; returns its port. */
  async service(listener: RequestListener): Promise<number> {
    const server = createServer(listener)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    this.#closers.push(() => {
      server.closeAllConnections()
      server.close()
    })
    return (server.address() as AddressInfo).port
  }

  /** A service that answers with what it received, as JSON. */
  echo(): Promise<number> {
    return this.service((asked, answer) => {
      answer.setHeader('content-type', 'application/json')
      answer.end(JSON.stringify({ url: asked.url, headers: asked.headers }))
    })
  }

  set(route: Partial<EdgeRoute> & Pick<EdgeRoute, 'services'>): void {
    this.edge.set({
      ...{ app: 'shop', environment: 'production', host: edgeHost, port: null, release: 1 },
      ...route,
    })
  }

  port(name = 'edge'): number {
    return (this.edge.sockets().get(name)?.address() as AddressInfo | null)?.port ?? 0
  }

  ask(path: string, { headers, body, ...more }: RequestOptions & { body?: string } = {}) {
    const place = { host: '127.0.0.1', port: this.port(), agent: false as const }
    return new Promise<EdgeReply>((resolve, reject) => {
      const all = { host: edgeHost, ...(headers as object) }
      const sent = request({ ...place, path, headers: all, ...more }, (answer) => {
        const chunks: Buffer[] = []
        answer.on('data', (chunk: Buffer) => chunks.push(chunk))
        answer.on('error', reject)
        answer.on('end', () =>
          resolve({
            ...{ status: answer.statusCode ?? 0, headers: answer.headers },
            ...{ trailers: answer.trailers, text: Buffer.concat(chunks).toString() },
          }),
        )
      })
      sent.on('error', reject)
      sent.end(body)
    })
  }

  async close(): Promise<void> {
    for (const close of this.#closers.splice(0).toReversed()) await close()
  }
}
