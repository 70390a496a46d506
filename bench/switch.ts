import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { tokenOf } from '../src/host/switches/token.ts'
import { createHostClient } from '../src/platform/process/host-client.ts'
import { homeFrom } from '../src/platform/home.ts'
import { endedRun, push } from '../test/support/app.ts'
import { type Installation, startInstallation } from '../test/support/installation.ts'
import { makeRepository } from '../test/support/repository.ts'
import { median, milliseconds } from './measure.ts'

const changes = Number(process.env['BENCH_CHANGES'] ?? 1000)
const place = { app: 'shop', environment: 'production' }

/**
 * From the request that changes a switch until a service reads the new value over OFREP, with the
 * server and, on the socket of the host, without it.
 */
export async function run(): Promise<void> {
  const installation = await startInstallation()
  const repository = await makeRepository({
    'fairlead.yaml':
      'services: {worker: {run: exec sleep 1000000, port: false}}\n' +
      'environments: {production: {}}\n' +
      'switches: {recharge: true}\n',
  })
  try {
    await push(installation, 'shop', repository)
    await endedRun(installation, 1)
    const read = reader(installation)
    console.log('\n| server | median | worst | changes |\n|---|---|---|---|')
    const { client } = installation
    await report('up', read, (setting) =>
      client.setSwitch({ params: { ...place, switch: 'recharge' }, body: { setting } }),
    )
    await installation.killServer()
    const host = createHostClient(homeFrom({ FAIRLEAD_HOME: installation.home }).hostSocket)
    await report('killed', read, (setting) =>
      host.changeSwitch('shop', 'production', 'recharge', { setting, reason: '' }),
    )
    host.close()
  } finally {
    await installation.stop()
    await repository.remove()
  }
}

type Setting = { serve: { variant: string }; split: []; keys: Record<string, never> }

async function report(
  name: string,
  read: () => Promise<boolean>,
  change: (setting: Setting) => Promise<unknown>,
): Promise<void> {
  const times: number[] = []
  for (let i = 0; i < changes; i += 1) {
    const isOn = i % 2 === 1
    const began = performance.now()
    const sent = change({ serve: { variant: isOn ? 'on' : 'off' }, split: [], keys: {} })
    while ((await read()) !== isOn);
    times.push(performance.now() - began)
    await sent
  }
  const figures = [median(times), Math.max(...times)].map(milliseconds)
  console.log(`| ${[name, ...figures, times.length].join(' | ')} |`)
}

/** Reads the switch as a service does. */
function reader({ home }: Installation): () => Promise<boolean> {
  const folder = join(home, 'host/switches')
  const secret = Buffer.from(readFileSync(join(folder, 'key'), 'utf8'), 'hex')
  const authorization = `Bearer ${tokenOf(secret, place.app, place.environment)}`
  const port = readFileSync(join(folder, 'port'), 'utf8')
  const url = `http://127.0.0.1:${port}/ofrep/v1/evaluate/flags/recharge`
  return async () => {
    const answer = await fetch(url, { method: 'POST', body: '{}', headers: { authorization } })
    return ((await answer.json()) as { value: boolean }).value
  }
}
