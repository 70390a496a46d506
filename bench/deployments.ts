import { request, Agent } from 'node:http'
import { ask, endedRun, push } from '../test/support/app.ts'
import { type Installation, startInstallation } from '../test/support/installation.ts'
import { makeRepository, tinyServer } from '../test/support/repository.ts'
import { median, quantile, spread, milliseconds } from './measure.ts'

const deployments = Number(process.env['BENCH_DEPLOYMENTS'] ?? 1000)
const perSecond = 200

/**
 * Consecutive deliveries, each by a push, under a constant load through the edge: requests failed,
 * and deliveries an hour.
 */
export async function run(): Promise<void> {
  const installation = await startInstallation()
  const repository = await makeRepository({
    'server.js': tinyServer('0'),
    'fairlead.yaml':
      'services: {web: {run: exec node server.js, health: /}}\nenvironments: {production: {watch: 0s}}\n',
  })
  try {
    await push(installation, 'steady', repository)
    await endedRun(installation, 1)
    const load = startLoad(installation)
    const times: number[] = []
    const started = performance.now()
    for (let i = 1; i <= deployments; i += 1) {
      const began = performance.now()
      await repository.commit({ 'server.js': tinyServer(String(i)) }, `Say ${i}`)
      await push(installation, 'steady', repository)
      while ((await ask(installation, 'steady', 'production')).text !== String(i))
        await new Promise((resolve) => setTimeout(resolve, 5))
      times.push(performance.now() - began)
    }
    const seconds = (performance.now() - started) / 1000
    const { sent, failed, latencies, reasons } = await load.stop()
    console.log(
      `${deployments} consecutive deliveries, each commit → push → live, under ${perSecond} requests a second`,
    )
    console.log(
      `  requests failed       ${failed} of ${sent}${failed > 0 ? `  ${JSON.stringify(Object.fromEntries(reasons))}` : ''}`,
    )
    console.log(
      `  request latency       p50 ${milliseconds(median(latencies))}, p99 ${milliseconds(quantile(latencies, 0.99))}`,
    )
    console.log(`  one delivery          ${spread(times)}`)
    console.log(`  deliveries an hour    ${Math.round((deployments / seconds) * 3600)}`)
    const half = Math.floor(times.length / 2)
    console.log(
      `  second half / first   ${(median(times.slice(half)) / median(times.slice(0, half))).toFixed(2)}`,
    )
  } finally {
    await installation.stop()
    await repository.remove()
  }
}

function startLoad(installation: Installation) {
  const agent = new Agent({ keepAlive: true, maxSockets: 32 })
  const latencies: number[] = []
  const reasons = new Map<string, number>()
  let sent = 0
  let open = 0
  let failed = 0
  const fail = (reason: string): void => {
    failed += 1
    reasons.set(reason, (reasons.get(reason) ?? 0) + 1)
  }
  const one = (): void => {
    sent += 1
    open += 1
    const began = performance.now()
    const call = request(
      {
        host: '127.0.0.1',
        port: installation.edgePort,
        agent,
        headers: { host: 'steady.production.localhost' },
      },
      (response) => {
        response.resume()
        response.on('end', () => {
          open -= 1
          latencies.push(performance.now() - began)
          if (response.statusCode !== 200) fail(String(response.statusCode))
        })
      },
    )
    call.on('error', (error: NodeJS.ErrnoException) => {
      open -= 1
      fail(error.code ?? error.message)
    })
    call.end()
  }
  const timer = setInterval(one, 1000 / perSecond)
  return {
    stop: async () => {
      clearInterval(timer)
      for (let tries = 0; open > 0 && tries < 500; tries += 1)
        await new Promise((resolve) => setTimeout(resolve, 10))
      failed += open
      agent.destroy()
      return { sent, failed, latencies, reasons }
    },
  }
}
