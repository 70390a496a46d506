import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Received {
  /** of a Slack-compatible message; empty for another one */
  text: string
  /** of the request */
  path: string
  body: unknown
  /** of `performance.now()` */
  at: number
}

/** A webhook, and the messages that it received with their times. */
export async function startChannel(): Promise<{
  url: string
  received: Received[]
  close(): void
}> {
  const received: Received[] = []
  const server = createServer((incoming, response) => {
    let text = ''
    incoming.on('data', (chunk: Buffer) => (text += chunk.toString()))
    incoming.on('end', () => {
      const body = JSON.parse(text) as { text?: string }
      const path = incoming.url ?? '/'
      received.push({ text: body.text ?? '', path, body, at: performance.now() })
      response.end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { url, received, close: () => void server.close() }
}
