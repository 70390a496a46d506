import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { injectionOf, runApart, startApart } from '../../../test/support/fault.ts'
import { startHost, type TestHost, waitUntil } from '../../../test/support/host.ts'
import { requires, requiresRoot } from '../../../test/support/programs.ts'
import { longDescribe } from '../../../test/support/scale.ts'
import type { FaultAction } from './action.ts'
import { actions } from './actions.generated.ts'
import { findRules } from './firewall.ts'
import { arm, prepare, strike } from './inject.ts'
import { Journal, type JournalEntry } from './journal.ts'
import { insideOf, namespaceOf } from './namespace.ts'
import { tryUndo } from './undo.ts'

let host: TestHost
/** What a client gets within that time: status and text, or the code of the error. */
const client = (ms = 30_000): string => {
  const script = [
    `fetch("http://10.99.0.1:7000", { signal: AbortSignal.timeout(${ms}) })`,
    '.then(async (r) => console.log(r.status, await r.text()),',
    '(e) => console.log((e.cause ?? e).code ?? e.name)).then(() => process.exit())',
  ]
  return runApart(host, `${process.execPath} -e '${script.join('')}'`, true)
}
const rules = (): string => runApart(host, 'nft list ruleset')

const to = '10.99.0.1:7000'
/** The code of a TimeoutError. */
const timedOut = '23'
/** What a client gets during the fault. */
const during: [string, object, string][] = [
  ['partition', { to }, timedOut],
  ['partition', { to, how: 'refuse' }, 'ECONNREFUSED'],
  ['loss', { to, percent: 99.99 }, timedOut],
  ['redirect', { to, does: 'status', status: 502 }, '502'],
  ['redirect', { to, does: 'reset' }, 'ECONNRESET'],
]

longDescribe(
  'faults of the network',
  { ...requiresRoot, ...requires('nftables', 'iproute2') },
  () => {
    beforeAll(async () => {
      host = await startHost({ FAIRLEAD_ISOLATION: 'off' })
      await startApart(host)
      await waitUntil('the dependency answers', () => client() === '200 fine')
    })
    afterAll(() => host.close())

    let count = 0
    /** Makes a fault, looks, and undoes it; the rules of the kernel must be as before. */
    async function tryAction(action: string, parameters: object, look: () => void): Promise<void> {
      const journal = new Journal(join(host.home.host, 'tmp'))
      const asked = injectionOf(host, action, parameters as Record<string, unknown>, 'apart')
      const id = `${action}-${(count += 1)}`
      const marker = `${asked.marker}/${count}`
      const prepared = await prepare({ ...asked, id, marker }, journal, host.home.host)
      expect(rules()).toBe('')
      arm(prepared, journal)
      try {
        await strike(prepared, journal)
        look()
      } finally {
        journal.beginUndo(id, 'test')
        const { record } = journal.list().find((one) => one.record.id === id) as JournalEntry
        expect(await tryUndo(record, prepared.place)).toBeNull()
        expect(rules()).toBe('')
        expect(await tryUndo(record, prepared.place)).toBeNull()
        journal.finishUndo(id)
      }
    }

    describe.each(actions.filter(({ needs }) => needs.root))('$name', (one) => {
      const action = one as unknown as FaultAction
      test('its undo leaves no rule in the kernel', async () => {
        await tryAction(action.name, action.example as object, () => {
          expect(rules()).toMatch(/^table inet fairlead_[0-9a-f]{16} /)
        })
        expect(client()).toBe('200 fine')
      })
    })

    test.each(during)('%s %j: a client gets %s', async (action, parameters, expected) => {
      await tryAction(action, parameters, () => {
        // Nothing comes of what is dropped, however long a client waits.
        const ms = expected === timedOut ? 700 : 30_000
        expect(client(ms)).toMatch(new RegExp(`^${expected}`))
        // Other users are not hit.
        expect(runApart(host, 'curl -s http://10.99.0.1:7000')).toBe('fine')
      })
      expect(client()).toBe('200 fine')
    })

    test('a rule that somebody deletes meanwhile is undone', async () => {
      await tryAction('partition', { to }, () => void runApart(host, 'nft flush ruleset'))
    })

    test('nothing is left of a network that is gone', async () => {
      const child = spawn('unshare', ['-n', 'sleep', '1000'])
      const own = namespaceOf('self')
      await waitUntil('it has a network', () => {
        return ![own, null].includes(namespaceOf(child.pid ?? 0))
      })
      const namespace = namespaceOf(child.pid ?? 0) ?? ''
      expect(insideOf(namespace)).toHaveLength(2)
      child.kill('SIGKILL')
      await waitUntil('it is gone', () => insideOf(namespace) === null)
      expect(findRules({ namespace, table: 'fairlead_0123456789abcdef', user: 1 })).toBeNull()
    })

    test.each([
      ['partition', { to: 'nowhere.invalid' }, 'nowhere.invalid has no address'],
      ['partition', { to: '' }, 'parameters.to: must be HOST or HOST:PORT'],
      ['redirect', { to: '10.99.0.1', does: 'reset' }, 'needs a port'],
      ['redirect', { to: '[::1]:80', does: 'reset' }, 'no address of IPv4'],
    ])('refuses %s %j', async (action, parameters, message) => {
      await expect(tryAction(action, parameters, () => undefined)).rejects.toThrow(message)
    })

    test('refuses a service with the user of Fairlead, which it would hit, too', async () => {
      const asked = injectionOf(host, 'partition', { to })
      const journal = new Journal(join(host.home.host, 'tmp'))
      const prepared = prepare(asked, journal, host.home.host)
      await expect(prepared).rejects.toThrow(
        'web must run as one user, who is not that of Fairlead',
      )
    })
  },
)
