import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { waitUntil } from '../../../test/support/host.ts'
import { bootId } from '#platform/boot-id.ts'
import { steadyMs } from '../steady-clock.ts'
import { Guard } from './guard.ts'
import { type FaultRecord, Journal } from './journal.ts'

const root = mkdtempSync(join(tmpdir(), 'fairlead-guard-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

function setUp(name: string) {
  const host = join(root, name)
  mkdirSync(host, { recursive: true })
  const journal = new Journal(host)
  const logged: unknown[] = []
  const log = (_message: string, fields?: object): void => void logged.push(fields)
  const guard = new Guard({ journal, host, name: '1 1', log })
  const state = (id: string) => journal.list().find(({ record }) => record.id === id)?.state
  return { host, journal, guard, logged, state }
}

/** The undo of a file that an action `disk` wrote. */
function recordOf(id: string, folder: string, change: Partial<FaultRecord> = {}): FaultRecord {
  const target = {
    ...{ app: 'shop', environment: 'production', service: 'web', release: 1 },
    ...{ instances: [], of: 1, dataFolder: folder },
  }
  return {
    ...{ id, action: 'disk', target, marker: `fault/test-${process.pid}/${id}` },
    ...{ before: { file: join(folder, `${id}.fill`), bytes: 1 }, boot: bootId() },
    ...{ created: 1, ends: 2, steadyEnd: steadyMs() + 60_000, steadyLease: steadyMs() + 60_000 },
    ...change,
  }
}

test('holds a fault, and undoes it when its lease ends', async () => {
  const { journal, guard, state } = setUp('lease')
  journal.arm(recordOf('one', journal.folder, { steadyLease: 0 }))
  journal.renew('one', steadyMs() + 60_000)
  guard.tick()
  expect(journal.holderOf('one')).toBe('1 1')
  expect([state('one'), guard.isBusy]).toEqual(['armed', true])
  journal.renew('one', steadyMs())
  guard.tick()
  await waitUntil('it is undone', () => state('one') === 'undone')
  expect(journal.noteOf('one')).toEqual({ reason: 'its lease was not renewed', problem: null })
  expect(guard.isBusy).toBe(false)
})

test('does not hold a fault that this version cannot undo, and says so', async () => {
  const { journal, guard, logged, state } = setUp('unknown')
  journal.arm(recordOf('one', journal.folder, { action: 'future' }))
  guard.tick()
  expect(journal.holderOf('one')).toBeNull()
  journal.beginUndo('one', 'test')
  guard.tick()
  const problem = 'this version of Fairlead has no action future'
  await waitUntil('it has been tried', () => journal.noteOf('one').problem === problem)
  expect(logged).toEqual([{ fault: 'one', problem }])
  expect(state('one')).toBe('undoing')
})

test('repeats an undo that fails at first', async () => {
  const { journal, guard, state, host } = setUp('again')
  const file = join(host, 'busy', 'x')
  // A folder is not removed like a file.
  mkdirSync(file, { recursive: true })
  journal.arm(recordOf('one', journal.folder, { before: { file, bytes: 1 } }))
  journal.beginUndo('one', 'test')
  guard.tick()
  await waitUntil('it has failed', () => journal.noteOf('one').problem !== null)
  rmSync(file, { recursive: true })
  await waitUntil('it is undone', () => {
    guard.tick()
    return state('one') === 'undone'
  })
  expect(journal.noteOf('one')).toEqual({ reason: 'test', problem: null })
})

test('undoes what it holds when somebody deletes the record', async () => {
  const { journal, guard, host } = setUp('deleted')
  const file = join(host, 'fill')
  mkdirSync(file)
  journal.arm(recordOf('one', journal.folder, { before: { file, bytes: 1 } }))
  guard.tick()
  for (const name of readdirSync(journal.folder)) rmSync(join(journal.folder, name))
  guard.tick()
  expect(guard.isBusy).toBe(true)
  rmSync(file, { recursive: true })
  await waitUntil('it is undone', () => {
    guard.tick()
    return !guard.isBusy
  })
})

test('an id names one fault for ever', () => {
  const { journal } = setUp('ids')
  const record = recordOf('one', journal.folder)
  journal.arm(record)
  expect(() => journal.arm(record)).toThrow('there is a fault with the id one already')
  journal.beginUndo('one', 'test')
  expect(() => journal.arm(record)).toThrow('already')
  expect(journal.isArmed('one')).toBe(false)
})
