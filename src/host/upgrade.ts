import type { IncomingMessage } from 'node:http'
import { connect, type Socket } from 'node:net'

/** Hands a WebSocket (or any other upgrade) through: the head is written as it came, then bytes flow both ways. */
export function forwardUpgrade(request: IncomingMessage, client: Socket, head: Buffer, port: number): void {
  const upstream = connect({ host: '127.0.0.1', port }, () => {
    const lines = [`${request.method} ${request.url} HTTP/1.1`]
    for (let i = 0; i < request.rawHeaders.length; i += 2)
      lines.push(`${request.rawHeaders[i]}: ${request.rawHeaders[i + 1]}`)
    lines.push(`x-forwarded-for: ${client.remoteAddress ?? ''}`, '', '')
    upstream.write(lines.join('\r\n'))
    if (head.length > 0) upstream.write(head)
    upstream.pipe(client)
    client.pipe(upstream)
  })
  client.setNoDelay(true)
  upstream.setNoDelay(true)
  upstream.on('error', () => {
    if (upstream.bytesRead === 0 && client.writable) client.end('HTTP/1.1 502 Bad Gateway\r\nconnection: close\r\n\r\n')
    else client.destroy()
  })
  client.on('error', () => upstream.destroy())
  client.on('close', () => upstream.destroy())
  upstream.on('close', () => client.destroySoon())
}
