// Answers 1 KB to everything, for bench/edge.ts where there is no HAProxy: edge-service.ts PORT
import { createServer } from 'node:http'

const body = Buffer.alloc(1024, 'x')
createServer((_request, response) => {
  response.writeHead(200, { 'content-type': 'text/plain', 'content-length': body.length })
  response.end(body)
}).listen(Number(process.argv[2]), '127.0.0.1')
