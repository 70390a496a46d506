// The edge alone, in front of one instance:
// `edge-server.ts PORT UPSTREAM [quick|thorough [TLS-PORT CERTIFICATE]]`.
import { readFileSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import { createEdge } from '#host/edge/edge.ts'

const [port, upstream, path, secure, file] = process.argv.slice(2)
const pem = file === undefined ? '' : readFileSync(file, 'utf8')
const context = file === undefined ? null : createSecureContext({ cert: pem, key: pem })
const certificates = {
  ...{ contextFor: () => context, proofFor: () => null },
  ...{ proofAt: () => null, isProving: () => false },
}
const edge = createEdge({
  address: '127.0.0.1',
  log: () => undefined,
  random: Math.random,
  isThorough: path === 'thorough',
  https: context && { port: Number(secure), certificates },
})
edge.set({
  app: 'bench',
  environment: 'production',
  host: '127.0.0.1',
  port: null,
  release: 1,
  services: [{ name: 'web', ports: [Number(upstream)] }],
})
await edge.listen(Number(port), new Map())
