import { expect, test } from 'vitest'
import { pipelineFile } from '#contract/pipeline-file/pipeline-file.ts'
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
