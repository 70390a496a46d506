// The edge alone, in front of one instance: `edge-server.ts PORT UPSTREAM`.
import { createEdge } from '#host/edge/edge.ts'

const [port, upstream] = process.argv.slice(2).map(Number)
const edge = createEdge({ address: '127.0.0.1', log: () => undefined })
edge.set({
  app: 'bench',
  environment: 'production',
  host: '127.0.0.1',
  port: null,
  release: 1,
  services: [{ name: 'web', ports: [upstream ?? 0] }],
})
await edge.listen(port ?? 0, new Map())
