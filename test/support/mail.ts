import { createServer, type AddressInfo } from 'node:net'
import { createInterface } from 'node:readline'

export interface MailServer {
  url: string
  /** the lines that clients sent */
  lines: string[]
  close(): void
}

/** A mail server that accepts everything, on a free port unless one is given. */
export async function startMailServer(listenOn = 0): Promise<MailServer> {
  const lines: string[] = []
  const server = createServer((socket) => {
    let isData = false
    socket.write('220 test\r\n')
    // A line may arrive in several chunks.
    createInterface({ input: socket, crlfDelay: Infinity }).on('line', (line) => {
      lines.push(line)
      if (isData) {
        if (line !== '.') return
        isData = false
        return void socket.write('250 ok\r\n')
      }
      const [verb = ''] = line.toUpperCase().split(' ')
      if (verb === 'EHLO') socket.write('250 test\r\n')
      else if (verb === 'MAIL' || verb === 'RCPT') socket.write('250 ok\r\n')
      else if (verb === 'DATA') {
        isData = true
        socket.write('354 go\r\n')
      } else if (verb === 'QUIT') socket.end('221 bye\r\n')
    })
    socket.on('error', () => undefined)
  })
  await new Promise<void>((resolve) => server.listen(listenOn, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `smtp://127.0.0.1:${port}?ignoreTLS=true`,
    lines,
    close: () => void server.close(),
  }
}
