import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ask, push } from '../test/support/app.ts'
import { freePorts } from '../test/support/ports.ts'
import { type Installation, startInstallation } from '../test/support/installation.ts'
import { makeRepository, type Repository, tinyServer } from '../test/support/repository.ts'
import { spread, median, timed } from './measure.ts'

const rounds = 15

/**
 * Commit to live in production for the smallest app with one environment, against the same by
 * hand: git push to a bare repository, clone it, start the new version, wait until it is healthy,
 * switch a proxy. Both alternate in one run.
 */
export async function run(): Promise<void> {
  const installation = await startInstallation()
  const repository = await makeRepository({
    'server.js': tinyServer('0'),
    'fairlead.yaml':
      'services: {web: {run: exec node server.js, health: /}}\nenvironments: {production: {}}\n',
  })
  const hand = await makeHand(repository)
  const byHand: number[] = []
  const fairlead: number[] = []
  const afterwards: number[] = []
  try {
    for (let i = 0; i <= rounds; i += 1) {
      const text = `version ${i}`
      await repository.commit({ 'server.js': tinyServer(text) })
      const handTime = await timed(() => hand.deliver(text))
      const time = await timed(() => deliver(installation, repository, text))
      const rest = await timed(() => signed(installation))
      if (i === 0) continue // the first has nothing to replace, and everything is cold
      byHand.push(handTime)
      fairlead.push(time)
      afterwards.push(rest)
    }
    console.log(`commit to live, one environment, no steps, ${rounds} rounds, median (min–max)`)
    console.log(`  by hand   ${spread(byHand)}`)
    console.log(
      `  fairlead  ${spread(fairlead)}   ratio ${(median(fairlead) / median(byHand)).toFixed(2)}`,
    )
    console.log(
      `  after it is live, until the code is inspected and the evidence signed: ${spread(afterwards)}`,
    )
    await whereTimeGoes(installation)
  } finally {
    await hand.close()
    await installation.stop()
    await repository.remove()
  }
}

async function deliver(
  installation: Installation,
  repository: Repository,
  text: string,
): Promise<void> {
  await push(installation, 'smallest', repository)
  while (
    (await ask(installation, 'smallest', 'production').catch(() => ({ text: '' }))).text !== text
  )
    await pause(2)
}

/** Waits for what comes after a change is live, so that it does not weigh on the next round. */
async function signed(installation: Installation): Promise<void> {
  for (;;) {
    const { runs } = await installation.client.listRuns({ query: { app: 'smallest', limit: 1 } })
    const query = { chain: runs[0]!.change.chain, after: 0, limit: 100 }
    const { events } = await installation.client.listEvents({ query })
    if (events.some(({ type }) => type === 'dev.cdeventsx.fairlead-evidence.signed')) return
    await pause(10)
  }
}

/** The events of the last delivery with the milliseconds since its commit was stored. */
async function whereTimeGoes(installation: Installation): Promise<void> {
  const { runs } = await installation.client.listRuns({ query: { app: 'smallest', limit: 1 } })
  const { events } = await installation.client.listEvents({
    query: { chain: runs[0]!.change.chain, after: 0, limit: 100 },
  })
  const began = Date.parse(events[0]!.time)
  console.log('  where the rest goes (ms since the change was stored):')
  for (const event of events)
    console.log(`    ${String(Date.parse(event.time) - began).padStart(5)}  ${event.type}`)
}

interface Hand {
  deliver(text: string): Promise<void>
  close(): Promise<void>
}

/**
 * What a careful person's script does, with the switch as a variable of a small proxy in this
 * process.
 */
async function makeHand(repository: Repository): Promise<Hand> {
  const folder = await mkdtemp(join(tmpdir(), 'fairlead-hand-'))
  const bare = join(folder, 'bare.git')
  await repository.git('init', '--quiet', '--bare', bare)
  let port = await freePorts()
  let current: ReturnType<typeof spawn> | null = null
  return {
    deliver: async (text) => {
      await repository.git('push', '--quiet', bare, 'HEAD:main')
      const checkout = join(folder, `v${(port += 1)}`)
      await repository.git('clone', '--quiet', '--branch', 'main', bare, checkout)
      const next = spawn('node', ['server.js'], {
        cwd: checkout,
        env: { PATH: process.env['PATH'], PORT: String(port) },
        stdio: 'ignore',
      })
      while ((await get(port)) !== text) await pause(2)
      current?.kill()
      current = next
    },
    close: async () => {
      current?.kill()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function get(port: number): Promise<string | null> {
  return new Promise((resolve) => {
    const sent = request({ host: '127.0.0.1', port, agent: false }, (response) => {
      let text = ''
      response.on('data', (chunk: Buffer) => (text += chunk.toString()))
      response.on('end', () => resolve(text))
    })
    sent.on('error', () => resolve(null))
    sent.end()
  })
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
