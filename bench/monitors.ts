import { fork } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { HostMonitor } from '#contract/host/monitors.ts'
import { createMonitors } from '#host/monitors.ts'
import { quantile } from './measure.ts'

const count = Number(process.env['BENCH_MONITORS'] ?? 5000)
const seconds = Number(process.env['BENCH_SECONDS'] ?? 60)
const every = 30_000

/**
 * What many HTTP monitors cost a host: its processor time and its memory, and how late their
 * results are. The server that answers is another process.
 */
export async function run(): Promise<void> {
  const server = fork(join(import.meta.dirname, 'monitored-server.ts'))
  const [port] = (await once(server, 'message')) as [number]
  const folder = mkdtempSync(join(tmpdir(), 'fairlead-bench-'))
  const monitors = Array.from({ length: count }, (_, id): HostMonitor => {
    const settings = { url: `http://127.0.0.1:${port}/${id}` }
    return {
      ...{ id, app: 'shop', environment: 'production', service: null, kind: 'http', settings },
      ...{ every, timeout: 10_000, confirm: 3, needs: [] },
    }
  })
  const host = createMonitors({
    ...{ file: join(folder, 'monitors.json'), run: 'bench', edgePort: 1, random: Math.random },
    placeOf: () => null,
    log: () => undefined,
  })
  try {
    const before = process.memoryUsage().rss
    host.start()
    host.set({ version: '1', privateHosts: null, allowAddresses: '', references: [], monitors })
    // The first checks are confirmed at once, which is more work than later.
    await pause(every)
    const first = host.after(0).next
    const cpu = process.cpuUsage()
    await pause(seconds * 1000)
    const used = process.cpuUsage(cpu)
    const { next, results } = host.after(0)
    const oldest = Date.now() - Math.min(...results.map(({ at }) => at))
    const took = results.map((one) => one.took)
    const notUp = results.filter(({ state }) => state !== 'up').length
    const cores = (used.user + used.system) / 1e6 / seconds
    const megabytes = (process.memoryUsage().rss - before) / 1e6
    console.log(`${count} HTTP monitors every ${every / 1000} s, for ${seconds} s`)
    console.log(`  ${((next - first) / seconds).toFixed(0)} checks a second; ${notUp} not up`)
    console.log(`  ${cores.toFixed(2)} cores; ${megabytes.toFixed(0)} MB more memory`)
    console.log(`  the oldest result is ${(oldest / 1000).toFixed(1)} s old`)
    console.log(`  a check takes ${quantile(took, 0.5)} ms, p99 ${quantile(took, 0.99)}`)
  } finally {
    host.stop()
    server.kill()
    rmSync(folder, { recursive: true })
  }
}
