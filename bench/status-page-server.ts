// The status page through the edge, without an app: status-page-server.ts PORT FOLDER [served]
// With `served`, the edge asks the server of the page, as for requests that memory cannot answer.
import type { StatusPages } from '#contract/status-page/pages.ts'
import { componentStates } from '#contract/status-page/status-page.ts'
import { createEdge } from '#host/edge/edge.ts'
import { createStatusPage } from '#host/status-page/server.ts'

const [port, folder = '', mode] = process.argv.slice(2)
const since = new Date().toISOString()
const page: StatusPages = {
  ...{ title: '', others: [] },
  components: Array.from({ length: 20 }, (_, index) => ({
    ...{ app: `app-${index}`, environment: 'production', component: '', name: `App ${index}` },
    ...{ group: `Group ${index % 4}`, state: 'operational' as const, since, detail: '', uptime: 1 },
    days: Array.from({ length: 90 }, (_day, day) => ({
      date: new Date(Date.now() - (89 - day) * 86_400_000).toISOString().slice(0, 10),
      state: componentStates[day % 30 === 0 ? 2 : 0] ?? null,
    })),
  })),
  ...{ changes: [], incidents: [], maintenances: [], subscribe: false, subscribeUrl: false },
}
const server = createStatusPage({
  ...{ folder, url: null, now: Date.now, steady: () => performance.now() },
  log: console.error,
})
server.set(page)
setInterval(() => server.set(page), 15_000)
const served = await server.start({ isLocal: false })
const edge = createEdge({ address: '127.0.0.1', log: () => undefined, random: Math.random })
edge.set({
  ...{ app: 'fairlead', environment: 'status', host: '127.0.0.1', port: null, release: 0 },
  services: [{ name: 'status', ports: [served.port] }],
  memory: mode === 'served' ? undefined : served.memory,
})
await edge.listen(Number(port), new Map())
