import { expect, test } from 'vitest'
import { pipelineFile } from '#contract/pipeline-file/pipeline-file.ts'
import { portProblems, requirePorts } from './exclusive-spec.ts'
import { serviceSpecs } from './release-spec.ts'

const definition = pipelineFile.parse({
  services: {
    web: {
      run: 'node web.js',
      health: { path: '/health', headers: { Host: 'shop.example.com' } },
      env: { LEVEL: 'info' },
    },
    worker: { run: 'node worker.js' },
    admin: { run: 'node admin.js', port: true },
    site: { static: 'public' },
  },
  environments: { production: { env: { LEVEL: 'warn' }, instances: 3 } },
})

const production = definition.environments['production']
const plainConfiguration = {
  variables: {},
  secrets: {},
  settleMs: 1000,
  host: 'web-1',
  files: new Map(),
}

test('the first service has traffic, a later one only when it says so', () => {
  const services = serviceSpecs(definition.services, production, plainConfiguration)
  expect(services.map((service) => [service.name, service.hasTraffic])).toEqual([
    ['web', true],
    ['worker', false],
    ['admin', true],
    ['site', true],
  ])
  expect(services.map(({ settle }) => settle.least)).toEqual([20, 2000, 20, 20])
})

test('the environment overrides the file, and what was set overrides both', () => {
  const [web] = serviceSpecs(definition.services, production, {
    ...plainConfiguration,
    ...{ variables: { LEVEL: 'debug' }, secrets: { KEY: 'secret' } },
  })
  expect(web).toMatchObject({
    instances: 3,
    env: { LEVEL: 'debug', KEY: 'secret' },
    health: { path: '/health', headers: { Host: 'shop.example.com' } },
  })
  const [plain] = serviceSpecs(definition.services, production, plainConfiguration)
  expect(plain?.env).toEqual({ LEVEL: 'warn' })
})

test('a service that runs once has its port from a variable of the environment', () => {
  const file = pipelineFile.parse({
    services: { web: 'node web.js', db: { run: 'redis-server', keeps: true, port: '$DB_PORT' } },
    environments: { staging: { env: { DB_PORT: '6380' } }, production: {} },
  })
  const portIn = (environment: string, variables: Record<string, string> = {}) =>
    serviceSpecs(file.services, file.environments[environment], {
      ...{ ...plainConfiguration, variables },
    })[1]?.exclusive?.listens
  expect(portIn('staging')).toBe(6380)
  expect(portIn('staging', { DB_PORT: '6381' })).toBe(6381)
  expect(portIn('production')).toBeUndefined()
  for (const bad of ['', 'x', '80', '70000', '6380.5'])
    expect(portIn('production', { DB_PORT: bad }), bad).toBeUndefined()
  const problem = 'must be a port from 1024 to 65535: the service db listens there'
  expect(portProblems(file.services, [], () => ({}))).toEqual([{ name: 'DB_PORT', problem }])
  expect(portProblems(file.services, ['DB_PORT'], () => ({}))).toEqual([])
  const specs = serviceSpecs(file.services, file.environments['production'], plainConfiguration)
  expect(() => requirePorts(file.services, specs)).toThrow(`DB_PORT ${problem}`)
})
