import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runCli } from '../../cli/cli.ts'
import { createLocal } from '../../local/local.ts'
import { guardiansOf, injectionOf, machineState, startTarget } from '../../../test/support/fault.ts'
import { isAlive, startHost, type TestHost, waitUntil } from '../../../test/support/host.ts'
import { isLong } from '../../../test/support/scale.ts'
import type { FaultAction } from './action.ts'
import { actions } from './actions.generated.ts'
import { arm, prepare, strike } from './inject.ts'
import { Journal, type JournalEntry } from './journal.ts'
import { tryUndo } from './undo.ts'

let host: TestHost
const at = ['shop', 'production'] as const
const restarting = new Set(['variables', 'proxy'])

beforeAll(async () => {
  host = await startHost()
  await startTarget(host)
})
afterAll(() => host.close())

/** Two are tried by `npm run test:long` only, because others represent them. */
const isTried = (name: string): boolean => isLong || !['stop', 'variables'].includes(name)

describe.each(actions.filter(({ name, needs }) => isTried(name) && !needs.root))('$name', (one) => {
  const action = one as unknown as FaultAction
  const { name } = action

  test('reads its example, and refuses unknown parameters', () => {
    expect(action.parameters.safeParse(action.example).success).toBe(true)
    const unknown = { ...(action.example as object), nonsense: 1 }
    expect(action.parameters.safeParse(unknown).success).toBe(false)
  })

  test('its undo restores the state before, seen from outside', async () => {
    // The host starts the instances of some faults, so it must see them.
    const { host: folder } = host.home
    const journal = new Journal(restarting.has(name) ? folder : join(folder, 'tmp'))
    const state = () => machineState(host, journal.folder)
    const before = await state()
    const asked = injectionOf(host, name, action.example as Record<string, unknown>)
    const prepared = await prepare(asked, journal, folder)
    expect(await state()).toEqual(before)
    arm(prepared, journal)
    await strike(prepared, journal)
    // The host starts a killed instance again before anybody looks.
    if (!['kill', 'stop'].includes(name)) expect(await state()).not.toEqual(before)
    journal.beginUndo(name, 'test')
    const { record } = journal.list().find((one) => one.record.id === name) as JournalEntry
    await waitUntil('it is undone', async () => (await tryUndo(record, prepared.place)) === null)
    // A killed instance starts again.
    await waitUntil('the state is as before', async () => {
      return JSON.stringify(await state()) === JSON.stringify(before)
    })
    // An undo that is repeated changes nothing.
    expect(await tryUndo(record, prepared.place)).toBeNull()
    expect(await state()).toEqual(before)
    journal.finishUndo(name)
    await expect(strike(prepared, journal)).rejects.toThrow('ended before it began')
  })
})

test.each([
  [{ instances: 0 }, 'no instance of web is chosen'],
  [{ action: 'nothing' }, 'there is no action nothing'],
  [{ action: 'memory', parameters: { megabytes: 999_999 } }, 'memory are too much'],
  [{ action: 'memory', parameters: { megabytes: 0 } }, 'parameters.megabytes'],
  [{ action: 'cpu', parameters: { nonsense: 1 } }, 'parameters: Unrecognized key'],
])('refuses %j', async (change, message) => {
  const { instances, ...asked } = { ...injectionOf(host, 'pause', {}), ...change }
  const target = instances === 0 ? { ...asked.target, instances: [] } : asked.target
  const journal = new Journal(join(host.home.host, 'tmp'))
  const all = { ...asked, instances, target }
  await expect(prepare(all, journal, host.home.host)).rejects.toThrow(message)
})

/** Runs a command in this process, without a server. */
async function cli(...args: string[]): Promise<{ code: number; output: string }> {
  let output = ''
  const write = (text: string): unknown => (output += text)
  const env = { FAIRLEAD_HOME: host.home.root }
  const code = await runCli(args, {
    ...{ local: createLocal(env), stdin: process.stdin, stdout: { write }, stderr: { write } },
    ...{ env, now: Date.now, signal: new AbortController().signal },
  })
  return { code, output }
}

test('a killed guardian is replaced, and undo needs neither host nor server', async () => {
  const before = await machineState(host)
  const request = { action: 'pause', service: 'web', duration: 600_000, lease: 60_000 }
  const plan = await host.client.faults.make(...at, { ...request, id: 'alone', isPlan: true })
  expect(plan).toEqual({ radius: { instances: 1, of: 1, isHost: false } })
  expect((await host.client.faults.list()).map(({ id }) => id)).not.toContain('alone')
  expect(await host.client.faults.make(...at, { ...request, id: 'alone' })).toEqual(plan)
  await host.client.faults.renew('alone', 60_000)
  const [first = 0] = guardiansOf(host)
  process.kill(first, 'SIGKILL')
  await waitUntil('another guardian runs', () => guardiansOf(host).some((pid) => pid !== first))
  await host.kill()
  for (const pid of guardiansOf(host)) {
    process.kill(pid, 'SIGKILL')
    await waitUntil('the guardian is gone', () => !isAlive(pid))
  }
  expect(await machineState(host)).not.toEqual(before)
  expect(await cli('experiment', 'undo')).toMatchObject({ code: 2 })
  expect(await cli('experiment', 'undo', 'nothing')).toMatchObject({ code: 5 })
  const { code, output } = await cli('experiment', 'undo', '--all')
  expect(output).toMatch(/alone +pause +shop\/production\/web +undone/)
  expect(code).toBe(0)
  expect(await machineState(host)).toEqual(before)
  expect((await cli('experiment', 'list', '--json')).output).toContain('"undone"')
  await host.ensure()
  const again = host.client.faults.make(...at, { ...request, id: 'alone' })
  await expect(again).rejects.toThrow('There is a fault with the id alone already')
})
