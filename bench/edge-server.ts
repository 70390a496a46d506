// The edge alone, in front of one instance: `edge-server.ts PORT UPSTREAM [thorough]`.
import { createEdge } from '#host/edge/edge.ts'

const [port, upstream, path] = process.argv.slice(2)
const edge = createEdge({
  address: '127.0.0.1',
  log: () => undefined,
  random: Math.random,
  isThorough: path === 'thorough',
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
