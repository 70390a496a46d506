import { expect, test } from 'vitest'
import type { SeveralHosts } from '#domains/deployment/remote-host.ts'
import type { Target } from '#domains/deployment/target.ts'
import { hostOfRun } from './run-target.ts'

const hosts = { names: ['web-1', 'web-2'], first: 'web-2' } as SeveralHosts<Target>

test('a run begins on the host that a person names, else on the first one', () => {
  expect(hostOfRun({ hosts, title: '' }, null)).toEqual({ host: 'web-2' })
  expect(hostOfRun({ hosts, title: '' }, 'web-1')).toEqual({ host: 'web-1' })
  expect(hostOfRun({ title: '' }, null)).toEqual({ host: null })
  const title = 'Processes on the hosts web-1, web-2'
  for (const one of [{ hosts, title }, { title: 'Processes on this machine' }])
    expect(hostOfRun(one, 'db-1')).toEqual({
      problem: `db-1 is not one of several hosts of the environment: ${one.title}`,
    })
})
