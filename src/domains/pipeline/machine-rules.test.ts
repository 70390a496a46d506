import { expect, test } from 'vitest'
import { environmentFile } from '#contract/pipeline-file/pipeline-file.ts'
import { machineRules } from './machine-rules.ts'

const problemsOf = (machines: object, target: object = { kind: 'process' }): string[] =>
  machineRules(
    {
      environments: {
        live: environmentFile.parse({ target, machines: { playbook: 'a.yml', ...machines } }),
      },
    },
    [],
  ).map(({ problem }) => problem)

test('the machines have one origin, and those of the target exist', () => {
  const hosts = { web: '10.0.0.1' }
  const onHost = { kind: 'process', host: 'web-1' }
  expect(problemsOf({})).toEqual([])
  expect(problemsOf({ hosts })).toEqual([])
  expect(problemsOf({ hosts, inventory: 'hosts' })[0]).toContain('both `inventory` and `hosts`')
  expect(problemsOf({ hosts, target_hosts: true }, onHost)[0]).toContain('both `target_hosts`')
  expect(problemsOf({ target_hosts: true })[0]).toContain('its target names no host')
  expect(problemsOf({ target_hosts: true, inventory: 'hosts', groups: 'eu' }, onHost)).toEqual([])
  expect(problemsOf({ target_hosts: true }, { kind: 'process', labels: ['eu'] })).toEqual([])
})
