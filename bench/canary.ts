import { Agent, request } from 'node:http'
import { endedRun, push } from '../test/support/app.ts'
import { type Installation, startInstallation } from '../test/support/installation.ts'
import { makeRepository, type Repository } from '../test/support/repository.ts'
import { median, milliseconds } from './measure.ts'

const rounds = Number(process.env['BENCH_CANARIES'] ?? 50)
const healthy = Number(process.env['BENCH_HEALTHY'] ?? 20)
const perSecond = 300
/** of the new release's requests, from the fault on */
const failing = 0.5

const file = (canary: string): string => `services: {web: {run: exec node server.js, health: /}}
environments:
  production: {strategy: canary, watch: 0s, canary: {${canary}}}
`

/** Fails from a moment on that it is told; says so in a header. */
const server = (version: number): string => `
let fails = false
require('node:http').createServer((request, response) => {
  if (request.url === '/fail') fails = ${version} > 0
  if (fails && Math.random() < ${failing}) response.statusCode = 500
  response.setHeader('version', '${version}')
  response.end('x')
}).listen(process.env.PORT, '127.0.0.1')
`

/**
 * Canaries whose new release begins to fail in half of its requests while it has a share of 10 %,
 * under a constant load: from the first failed answer to the last answer of the canary, and which
 * share of all requests meanwhile was hurt.
 */
export async function run(): Promise<void> {
  const installation = await startInstallation()
  const repository = await makeRepository({
    'server.js': server(0),
    'fairlead.yaml': file('steps: [10], least: 60s, most: 300s'),
  })
  try {
    await push(installation, 'faulty', repository)
    await endedRun(installation, 1)
    const load = startLoad(installation)
    const away: number[] = []
    const hurt: number[] = []
    for (let i = 1; i <= rounds; i += 1) {
      load.begin(String(i))
      await repository.commit({ 'server.js': server(i) }, `Say ${i}`)
      await push(installation, 'faulty', repository)
      await load.fault(50)
      const { state } = await endedRun(installation, i + 1, 120)
      if (state !== 'failed') throw new Error(`canary ${i} ended ${state}`)
      const { ms, share } = load.end()
      away.push(ms)
      hurt.push(share)
    }
    await promoteHealthy(installation, repository)
    await load.stop()
    const worst = Math.max(...away)
    console.log(
      `${rounds} canaries at 10 % of ${perSecond} requests a second, half of whose answers begin to fail`,
    )
    console.log(
      `  first failed answer to last answer of the canary   median ${milliseconds(median(away))}, worst ${milliseconds(worst)}`,
    )
    console.log(
      `  requests hurt meanwhile, of all                    median ${percent(median(hurt))}, worst ${percent(Math.max(...hurt))}`,
    )
  } finally {
    await installation.stop()
    await repository.remove()
  }
}

/** Canaries that are as good as the release before, cold start and all: each must be promoted. */
async function promoteHealthy(installation: Installation, repository: Repository): Promise<void> {
  const took: number[] = []
  const wrong: (string | null)[] = []
  for (let i = 1; i <= healthy; i += 1) {
    const began = performance.now()
    await repository.commit({
      'server.js': server(0) + `// ${i}`,
      'fairlead.yaml': file('steps: [50], least: 3s, most: 120s, harm: {difference: 0.01}'),
    })
    await push(installation, 'faulty', repository)
    const { state, reason } = await endedRun(installation, rounds + 1 + i, 150)
    if (state === 'succeeded') took.push(performance.now() - began)
    else wrong.push(reason)
  }
  console.log(
    `${healthy} canaries that are well: ${took.length} promoted, after ${milliseconds(median(took))} (median); not: ${JSON.stringify(wrong)}`,
  )
}

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`

function startLoad(installation: Installation) {
  const agent = new Agent({ keepAlive: true, maxSockets: 32 })
  const headers = { host: `faulty.production.localhost:${installation.edgePort}` }
  let version = ''
  let seen = 0
  let first = 0
  let last = 0
  let failed = 0
  let total = 0
  const send = (path: string): void => {
    const sent = request(
      { host: '127.0.0.1', port: installation.edgePort, path, headers, agent },
      (response) => {
        response.resume()
        const now = performance.now()
        const isNew = response.headers['version'] === version
        if (isNew) seen += 1
        if (isNew && (response.statusCode ?? 0) >= 500) {
          failed += 1
          if (first === 0) first = now
        }
        if (first > 0) {
          total += 1
          if (isNew) last = now
        }
      },
    )
    sent.on('error', () => undefined)
    sent.end()
  }
  const timer = setInterval(() => send('/'), 1000 / perSecond)
  return {
    begin: (next: string) => {
      version = next
      seen = first = last = failed = total = 0
    },
    /** Makes the canary fail after that many answers of it. */
    fault: async (after: number): Promise<void> => {
      while (seen < after) await new Promise((wake) => setTimeout(wake, 20))
      while (first === 0) {
        send('/fail')
        await new Promise((wake) => setTimeout(wake, 5))
      }
    },
    end: () => ({ ms: last - first, share: failed / Math.max(1, total) }),
    stop: async (): Promise<void> => {
      clearInterval(timer)
      await new Promise((wake) => setTimeout(wake, 100))
      agent.destroy()
    },
  }
}
