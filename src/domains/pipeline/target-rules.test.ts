import { expect, test } from 'vitest'
import { z } from 'zod'
import { readPipelineFile } from './file.ts'
import type { TargetKind } from './target-rules.ts'

const targets: TargetKind[] = [
  {
    kind: 'process',
    config: z.strictObject({ hosts: z.array(z.string()).optional() }),
    example: {},
    capabilities: ['commands', 'share', 'metrics', 'instances', 'log', 'port'],
  },
  {
    kind: 'folder',
    config: z.strictObject({ directory: z.string(), url: z.url().optional() }),
    example: { directory: 'shop' },
    capabilities: [],
  },
]

function problems(yaml: string): string[] {
  const read = readPipelineFile(yaml, { file: 'fairlead.yaml', defaultApp: 'app', targets })
  return read.ok
    ? []
    : read.problems.map(
        ({ line, column, problem, hint }) => `${line}:${column} ${problem}; ${hint}`,
      )
}

const site = 'services: {web: {static: public}}\n'

test('accepts a target by its name, and with its settings', () => {
  expect(problems(`${site}environments: {dev: {}, production: {target: process}}`)).toEqual([])
  expect(
    problems(`${site}environments: {production: {target: {kind: folder, directory: shop}}}`),
  ).toEqual([])
})

test.each([
  [
    'environments: {production: {target: proces}}',
    [
      '2:37 environment `production` has the target `proces`, which does not exist; ' +
        'did you mean `process`?',
    ],
  ],
  [
    'environments: {production: {target: kubernetes}}',
    [
      '2:37 environment `production` has the target `kubernetes`, which does not exist; ' +
        'the targets are process, folder',
    ],
  ],
  [
    'environments: {production: {target: folder}}',
    [
      '2:37 `environments.production.target.directory` is missing; ' +
        'for example `target: {kind: folder, directory: shop}`',
    ],
  ],
  [
    'environments: {production: {target: {kind: folder, directory: shop, urll: x}}}',
    ['2:69 `urll` is not a valid key here; did you mean `url`?'],
  ],
  [
    'environments: {production: {target: {directory: shop}}}',
    ['2:29 `environments.production.target.kind` is missing; for example `target: process`'],
  ],
])('refuses %s', (yaml, expected) => {
  expect(problems(site + yaml)).toEqual(expected)
})

const folder = 'target: {kind: folder, directory: shop}'

test.each([
  ['services: {web: node server.js}', '', 'has the service `web` with `run`', 'runs no commands'],
  [
    site,
    'strategy: canary',
    'has `strategy: canary`',
    'cannot split the traffic between two releases',
  ],
  [site, 'port: 8080', 'has `port`', 'listens on no port'],
  [site, 'instances: 2', 'has `instances`', 'runs one instance only'],
  [
    'services: {web: {static: public, instances: 3}}',
    '',
    'has `instances` of the service `web`',
    'runs one instance only',
  ],
])('a target without the capability refuses %s %s', (services, key, has, cannot) => {
  const yaml = `${services}\nenvironments:\n  production:\n    ${folder}\n    ${key}\n`
  const [first, ...others] = problems(yaml)
  expect(others).toEqual([])
  expect(first).toContain(`environment \`production\` ${has}, but its target \`folder\` ${cannot};`)
  expect(first).toContain('remove it, or use a target that can: process')
})

test('refuses what does not work on several hosts, each with one sentence', () => {
  const several = (more: string, service = 'run: node web.js'): string[] =>
    problems(
      `services: {web: {${service}}}\nenvironments:\n  production:\n` +
        `    target: {kind: process, hosts: [web-1, web-2]}\n${more}`,
    )
  expect(several('')).toEqual([])
  expect(several('    domains: [shop.example.com]')).toEqual([
    '5:5 environment `production` has several hosts, which do not share certificates; ' +
      'put a proxy with TLS in front of the hosts',
  ])
  expect(several('    hosts: {web-2: {env: {A: b}}}')[0]).toContain('get the same variables')
  expect(several('    hosts: {other: {env: {A: b}}}')).toEqual([])
  expect(several('    strategy: canary\n    canary: {session: {cookie: id}}')[0]).toContain(
    'each of which would count a session for itself',
  )
  expect(several('', 'run: node web.js, single: true')[0]).toContain('must not run twice')
})
