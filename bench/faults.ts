import { spawnSync } from 'node:child_process'
import { watch } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { FaultAction } from '../src/host/fault/action.ts'
import { actions } from '../src/host/fault/actions.generated.ts'
import { listOffline } from '../src/host/fault/offline.ts'
import {
  guardiansOf,
  hasNetworkFaults,
  injectorsOf,
  machineState,
  startFaultHost,
} from '../test/support/fault.ts'
import { type TestHost, waitUntil } from '../test/support/host.ts'

const trials = Number(process.env['BENCH_TRIALS'] ?? 100)
/** No trial begins later. */
const minutes = Number(process.env['BENCH_MINUTES'] ?? 600)
/** Milliseconds that a fault may exist. */
const durationMs = 1500
/** Seconds after which a state that is not as before counts as left behind. */
const patienceS = 60

/** When something is killed: at a step of the fault, seen from outside, or at a random instant. */
const moments = ['written', 'armed', 'held', 'made', 'undoing', 'undone', 'random'] as const
type Moment = (typeof moments)[number]
/** What is killed or stopped then. */
const blows = ['injector', 'guardian', 'host', 'all', 'frozen guardian'] as const
type Blow = (typeof blows)[number]

interface Trial {
  id: string
  action: FaultAction
  moment: Moment
  blow: Blow
}

const all = (actions as unknown as readonly FaultAction[]).filter(
  ({ needs }) => hasNetworkFaults || !needs.root,
)
const { random } = Math
const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T

/**
 * kill -9 of the processes of a fault at every step of every action and at random instants: how
 * often the machine is as before, and how long that takes after the end of the fault.
 * `BENCH_TRIALS=500 npm run bench -- faults`.
 */
export async function run(): Promise<void> {
  const host = await startFaultHost(hasNetworkFaults)
  const lates: number[] = []
  const left: string[] = []
  const blown = new Map<string, number>()
  try {
    const before = await stateOf(host)
    const end = performance.now() + minutes * 60_000
    for (let n = 0; n < trials && performance.now() < end; n += 1) {
      const trial = trialOf(n)
      try {
        const { late, did } = await tryOnce(host, trial, before)
        lates.push(late)
        blown.set(did, (blown.get(did) ?? 0) + 1)
      } catch (error) {
        left.push(`${trial.id}: ${(error as Error).message}`)
        console.log(`  left behind: ${left.at(-1)}`)
        break
      }
    }
  } finally {
    await host.close()
  }
  report(lates, left, blown)
}

/** Every action at every moment in turn; what is hit is drawn. */
function trialOf(n: number): Trial {
  const action = all[n % all.length] as FaultAction
  const moment = moments[Math.floor(n / all.length) % moments.length] as Moment
  return { action, moment, blow: pick(blows), id: `${action.name}-${n}` }
}

/** Returns how many milliseconds after the end of the fault the state was as before. */
async function tryOnce(
  host: TestHost,
  { id, action, moment, blow }: Trial,
  before: string,
): Promise<{ late: number; did: string }> {
  const [guardians, { pid }] = [guardiansOf(host), await host.client.status()]
  const struck = awaitMoment(host, id, moment).then((injector) =>
    strike(host, blow, { guardians, host: pid, injector }),
  )
  const parameters = action.example as Record<string, unknown>
  const began = performance.now()
  const service = action.needs.root ? 'apart' : 'web'
  const request = { id, action: action.name, service, parameters, lease: durationMs }
  // The host or the injector may be killed during the call.
  await host.client.faults
    .make('shop', 'production', { ...request, duration: durationMs })
    .catch(() => undefined)
  const did = (await struck) ? `${moment}, ${blow}` : 'it had ended before'
  await host.ensure()
  await waitUntil(`${id} is undone after: ${did}`, () => isUndone(host), patienceS)
  let now = ''
  const asBefore = async (): Promise<boolean> => (now = await stateOf(host)) === before
  await waitUntil(`the state after ${id} is as before, ${did}`, asBefore, patienceS).catch(
    ({ message }: Error) => {
      throw new Error(`${message}\n    before: ${before}\n    now:    ${now}`)
    },
  )
  return { late: performance.now() - began - durationMs, did }
}

const isUndone = ({ home }: TestHost): boolean =>
  listOffline(home.host).every(({ state }) => state === 'undone')

/** Resolves at a moment of a fault with the pid of its injector, as far as it is known by then. */
async function awaitMoment(host: TestHost, id: string, moment: Moment): Promise<number[]> {
  let injector: number[] = []
  if (moment === 'random') {
    await new Promise((wake) => setTimeout(wake, random() * 2 * durationMs))
    return injectorsOf(host)
  }
  const suffix = { written: '.draft', held: '.held', made: '.held' }[moment as string]
  const end = suffix ?? `.${moment}.json`
  const files = watch(join(host.home.host, 'faults'))
  await new Promise<void>((wake) => {
    const late = setTimeout(wake, 4 * durationMs)
    files.on('change', (_kind, name) => {
      const file = String(name)
      if (!file.startsWith(`${id}.`)) return
      const [, draft] = /\.(\d+)\.draft$/.exec(file) ?? []
      if (draft !== undefined) injector = [Number(draft)]
      if (!file.endsWith(end)) return
      clearTimeout(late)
      // An injector makes the fault within some milliseconds after its undo is held.
      setTimeout(wake, moment === 'made' ? random() * 40 : 0)
    })
  })
  files.close()
  return injector
}

/** Returns whether something was hit. */
function strike(
  host: TestHost,
  blow: Blow,
  known: { guardians: number[]; host: number; injector: number[] },
): boolean {
  const guardians = (): number[] =>
    known.guardians.length > 0 ? known.guardians : guardiansOf(host)
  const hit = (pids: number[], signal: NodeJS.Signals = 'SIGKILL'): boolean =>
    pids.map((pid) => signalled(pid, signal)).some(Boolean)
  if (blow === 'injector') return hit(known.injector)
  if (blow === 'host') return hit([known.host])
  if (blow === 'guardian') return hit(guardians())
  if (blow === 'frozen guardian') return hit(guardians(), 'SIGSTOP')
  return hit([known.host, ...known.injector, ...guardians()])
}

function signalled(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal)
  } catch {
    return false
  }
}

const ours = (text: string): string[] => text.split('\n').filter((line) => /fairlead/.test(line))

/**
 * What faults change, read from outside: processes, limits, files, rules, and everything of
 * Fairlead among the mounts, queues and tables of the machine, which other programs change, too.
 */
async function stateOf(host: TestHost): Promise<string> {
  const read = (command: string, ...args: string[]): string[] =>
    ours(spawnSync(command, args, { encoding: 'utf8' }).stdout ?? '')
  return JSON.stringify([
    await machineState(host),
    ours(await readFile('/proc/mounts', 'utf8')),
    read('tc', 'qdisc', 'show'),
    read('nft', 'list', 'tables'),
  ])
}

function report(lates: number[], left: string[], blown: Map<string, number>): void {
  const sorted = lates.toSorted((a, b) => a - b)
  const at = (share: number): string =>
    String(Math.round(sorted[Math.floor(share * (sorted.length - 1))] ?? Number.NaN))
  console.log(`  as before               ${lates.length} of ${lates.length + left.length} trials`)
  console.log(`  after the end, ms       median ${at(0.5)}, 99 % ${at(0.99)}, most ${at(1)}`)
  for (const [did, count] of blown) console.log(`  ${did.padEnd(28)}${count}`)
}
