import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  guardiansOf,
  hasNetworkFaults,
  injectorsOf,
  machineState,
  startFaultHost,
} from '../../../test/support/fault.ts'
import { type TestHost, waitUntil } from '../../../test/support/host.ts'
import { seededRandom } from '../../../test/support/random.ts'
import { longDescribe } from '../../../test/support/scale.ts'
import type { FaultAction } from './action.ts'
import { actions } from './actions.generated.ts'
import { listOffline } from './offline.ts'

/** `FAIRLEAD_FAULT_TRIALS=72` tries each action so often. */
const trials = Number(process.env['FAIRLEAD_FAULT_TRIALS'] ?? 4)
/** The last instant of a kill in milliseconds: the fault exists by then, unless all is slow. */
const lastKillMs = 1200

let host: TestHost
const at = ['shop', 'production'] as const

const kinds = hasNetworkFaults ? [false, true] : [false]

longDescribe.each(kinds)('a process is killed during a fault; needs root: %s', (isNetwork) => {
  beforeAll(async () => {
    host = await startFaultHost(isNetwork)
  })
  afterAll(() => host.close())

  const names = actions.filter(({ needs }) => needs.root === isNetwork).map(({ name }) => name)
  test.each(names)('%s: the state is as before', { timeout: 3_000_000 }, async (name) => {
    const random = seededRandom()
    const action = actions.find((one) => one.name === name) as unknown as FaultAction
    const before = await machineState(host)
    for (let trial = 0; trial < trials; trial += 1) {
      const id = `${name}-${trial}`
      const fault = host.client.faults.make(...at, {
        ...{ id, action: name, service: isNetwork ? 'apart' : 'web', duration: 2500, lease: 2500 },
        parameters: action.example as Record<string, unknown>,
      })
      // The host may be killed during the call.
      const ended = fault.then(
        () => null,
        (error: Error) => error.message,
      )
      await new Promise((wake) => setTimeout(wake, random() * lastKillMs))
      const victims = ['host', 'guardian', 'injector'].filter(() => random() < 0.6)
      for (const victim of victims) await kill(victim)
      await host.ensure()
      await ended
      await waitUntil(`${id} is undone after the death of ${victims.join(', ')}`, () =>
        listOffline(host.home.host).every(({ state }) => state === 'undone'),
      )
      await waitUntil(`the state after ${id} is as before`, async () => {
        return JSON.stringify(await machineState(host)) === JSON.stringify(before)
      })
    }
    expect(await machineState(host)).toEqual(before)
  })
})

async function kill(victim: string): Promise<void> {
  if (victim === 'host') return host.kill()
  const pids = victim === 'guardian' ? guardiansOf(host) : injectorsOf(host)
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // It ended by itself.
    }
  }
}
