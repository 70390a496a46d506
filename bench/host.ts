import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  deploy,
  releaseOf,
  server,
  startHost,
  startLoad,
  webService,
} from '../test/support/host.ts'
import { median, spread, timed } from './measure.ts'

const deployments = Number(process.env['BENCH_DEPLOYMENTS'] ?? 200)

/**
 * The host alone: consecutive blue-green deployments through its API under a constant load, against
 * the same by hand (unpack nothing, start the program, wait until it answers, switch a variable).
 * Both take turns.
 */
export async function run(): Promise<void> {
  const host = await startHost()
  const folder = mkdtempSync(join(tmpdir(), 'fairlead-hand-'))
  const text = server('ok').replace('1000)', '30)')
  writeFileSync(join(folder, 'server.js'), text)
  const artifact = await host.artifact({ 'server.js': text })
  const service = webService({ health: { path: '/', timeout: 20_000, interval: 1000 } })
  const ours: number[] = []
  const byHand: number[] = []
  try {
    await deploy(host, releaseOf(host, 1, artifact, [service]))
    const load = startLoad(host, 5)
    for (let release = 2; release <= deployments + 1; release += 1) {
      const spec = releaseOf(host, release, artifact, [service])
      if (release % 4 === 0)
        byHand.push(await timed(() => startByHand(folder, host.home.port + 40)))
      ours.push(await timed(() => deploy(host, spec)))
      await host.client.remove(spec.app, spec.environment, release - 1, spec.fence)
    }
    const { requests, wrong } = await load.stop()
    console.log(
      `${deployments} consecutive deployments through the host’s API, 200 requests a second`,
    )
    console.log(
      `  requests failed   ${wrong.length} of ${requests}${wrong.length > 0 ? `  ${[...new Set(wrong)].join(', ')}` : ''}`,
    )
    console.log(
      `  one deployment    ${spread(ours)}  (start, healthy, switch, drain, stop the one before)`,
    )
    console.log(
      `  by hand           ${spread(byHand)}  (start, answers)   ratio ${(median(ours) / median(byHand)).toFixed(2)}`,
    )
  } finally {
    await host.close()
    rmSync(folder, { recursive: true })
  }
}

async function startByHand(folder: string, port: number): Promise<void> {
  const child = spawn('sh', ['-c', 'exec node server.js'], {
    cwd: folder,
    env: { PATH: process.env['PATH'], PORT: String(port) },
    stdio: 'ignore',
  })
  while (!(await answers(port))) await new Promise((resolve) => setTimeout(resolve, 5))
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill()
  await ended
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const sent = request({ host: '127.0.0.1', port, agent: false }, (response) => {
      response.resume()
      resolve(response.statusCode === 200)
    })
    sent.on('error', () => resolve(false))
    sent.end()
  })
}
