import { createServer, type AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import type { HostStatus } from '#contract/host/status.ts'
import { machinePorts, reservedPorts } from './ports.ts'

const home = { port: 4400, edgePort: 4480, edgeHttpsPort: 4443 }
const own = [
  { port: 4400, owner: 'the API and the console of Fairlead' },
  { port: 4480, owner: 'the edge of Fairlead' },
  { port: 4443, owner: 'the edge of Fairlead' },
]
const database = (port: number) => ({ port, owner: 'the database of Fairlead' })

test.each([
  [undefined, []],
  ['postgres://ada@localhost/fairlead', [database(5432)]],
  ['postgres://ada@127.0.0.1:5544/fairlead', [database(5544)]],
  ['postgres://ada@db.example/fairlead', []],
  ['postgres://ada@localhost/fairlead?host=%2Fvar%2Frun', []],
])('with the database %s, the ports of Fairlead are reserved', (url, more) => {
  expect(reservedPorts(home, url)).toEqual([...own, ...more])
})

test('a port is foreign when a program other than the edge listens on it', async () => {
  const program = createServer()
  await new Promise<void>((resolve) => program.listen(0, '127.0.0.1', resolve))
  const { port } = program.address() as AddressInfo
  const route = {
    ...{ app: 'shop', environment: 'dev', host: 'shop.dev.localhost', port, release: 1 },
    ...{ requests: 0, errors: 0, unavailable: 0, maintenance: 0 },
  }
  const isForeign = (routes: HostStatus['routes'] | null): Promise<boolean> =>
    machinePorts({
      ...{ home, env: {} },
      host: {
        status: async () => {
          if (routes === null) throw new Error('the host does not answer')
          return { version: '1', pid: 1, started: 0, edge: 4480, releases: [], routes }
        },
      },
    }).isForeign(port)
  expect(await isForeign([])).toBe(true)
  expect(await isForeign([route])).toBe(false)
  expect(await isForeign([{ ...route, problem: 'it is in use' }])).toBe(true)
  expect(await isForeign(null)).toBe(false)
  await new Promise((resolve) => program.close(resolve))
  expect(await isForeign([])).toBe(false)
})
