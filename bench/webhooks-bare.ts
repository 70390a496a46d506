// The least that stores before it answers: verifies the signature, appends the body to a file,
// waits for the disk, answers.
import { createHmac } from 'node:crypto'
import { open } from 'node:fs/promises'
import { createServer } from 'node:http'

const [file = '', secret = ''] = process.argv.slice(2)
const store = await open(file, 'a')
const server = createServer((request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    const body = Buffer.concat(chunks)
    const signature = `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`
    if (signature !== request.headers['x-hub-signature-256'])
      return void response.writeHead(401).end()
    void store
      .write(body)
      .then(() => store.datasync())
      .then(() => response.writeHead(202).end('{}'))
  })
})
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as { port: number }).port))
process.on('disconnect', () => process.exit(0))
