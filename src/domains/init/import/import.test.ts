import { describe, expect, test } from 'vitest'
import type { PipelineFile } from '#contract/pipeline-file/pipeline-file.ts'
import { targets } from '#domains/deployment/targets.generated.ts'
import { readPipelineFile } from '#domains/pipeline/file.ts'
import { folderOf } from '../folder.ts'
import { importFolder } from './import.ts'
import { megabytes, nameFor, shellWords } from './imported.ts'

const read = (text: string) =>
  readPipelineFile(text, { file: 'fairlead.yaml', defaultApp: 'app', targets })

function imported(
  kind: string,
  files: Record<string, string>,
): { pipeline: PipelineFile; text: string; found: string } {
  const { text, found } = importFolder(kind, folderOf(files), (one) => {
    const result = read(one)
    return result.ok ? null : (result.problems[0]?.problem ?? '')
  })
  const result = read(text)
  if (!result.ok) throw new Error(text)
  return { text, found: found.join('\n'), pipeline: result.pipeline }
}

describe('the file of Kamal', () => {
  const deploy = `service: Acme_Shop
image: acme/shop
servers:
  job: { hosts: [10.0.0.5], cmd: bin/jobs, options: { memory: 2g }, env: { clear: { QUEUE: all } } }
  web: [10.0.0.5, 10.0.0.6: canary]
proxy: { ssl: true, host: shop.example.com, app_port: 3000, healthcheck: { path: /health } }
ssh: { user: deploy }
env:
  clear: { RAILS_ENV: production, WEB_CONCURRENCY: 2 }
  secret: [RAILS_MASTER_KEY, DB_PASSWORD:MAIN_DB_PASSWORD]
accessories: { db: { image: postgres:16, host: 10.0.0.7 } }
volumes: ["storage:/rails/storage"]
`

  test('becomes services, environments and what is left to do', () => {
    const Dockerfile = 'FROM ruby:3.3\nEXPOSE 3000\nCMD ["bin/rails", "server"]'
    const { pipeline, found } = imported('kamal', { 'config/deploy.yml': deploy, Dockerfile })
    expect(pipeline.app).toBe('acme-shop')
    expect(Object.keys(pipeline.services)).toEqual(['web', 'job'])
    expect(pipeline.services).toMatchObject({
      web: { run: 'bin/rails server', health: { path: '/health' } },
      job: { run: 'bin/jobs', memory: 2048, env: { QUEUE: 'all' } },
    })
    expect(pipeline.environments).toMatchObject({
      production: {
        target: { kind: 'process', hosts: ['10-0-0-5', '10-0-0-6'] },
        env: { RAILS_ENV: 'production', WEB_CONCURRENCY: '2' },
      },
    })
    expect(found).toContain('fairlead hosts add deploy@10.0.0.5 --name 10-0-0-5')
    expect(found).toContain('Every service runs on each host of production')
    expect(found).toContain('RAILS_MASTER_KEY, DB_PASSWORD;')
    expect(found).toContain('shop.example.com')
    expect(found).toContain('$PORT instead of 3000')
    expect(found).toContain('The accessory db (postgres:16)')
    expect(found).toContain('$FAIRLEAD_DATA_DIR')
  })

  test('has an environment for each destination, production last', () => {
    const { pipeline, text } = imported('kamal', {
      'config/deploy.yml': 'service: shop\nproxy: false\nservers: [10.0.0.5]\nenv: { A: 1, B: b }',
      'config/deploy.production.yml': 'servers: [10.0.0.6]',
      'config/deploy.staging.yml': 'env: { A: 2 }',
    })
    expect(Object.entries(pipeline.environments).map(([name, { env }]) => [name, env])).toEqual([
      ['staging', { A: '2', B: 'b' }],
      ['production', { A: '1', B: 'b' }],
    ])
    expect(pipeline.environments['production']?.target).toMatchObject({ host: '10-0-0-6' })
    expect(pipeline.services['web']).toMatchObject({ port: false })
    expect(text).toContain('Write the command of this service')
  })

  test.each([
    [{}, 'There is no config/deploy.yml or config/deploy.yaml here'],
    [{ 'config/deploy.yml': 'service: a\nimage: <%= 1 %>' }, 'has ERB in line 2'],
    [{ 'config/deploy.yml': 'service: [' }, 'config/deploy.yml is not valid YAML'],
    [{ 'config/deploy.yml': 'servers: [a]' }, 'config/deploy.yml cannot be imported: service'],
  ])('that cannot be read is refused: %s', (files, problem) => {
    expect(() => imported('kamal', files)).toThrow(problem)
  })
})

test('a file of Compose becomes the services that it builds', () => {
  const compose = `services:
  worker:
    build: .
    command: [node, worker.js, "two words"]
    environment: [QUEUE=mail, "TOKEN=\${TOKEN}", HOME_DIR]
    deploy: { replicas: 2, resources: { limits: { memory: 512M } } }
  web:
    build: { context: . }
    command: node server.js
    ports: ["80:3000"]
    env_file: .env
    volumes: ["data:/data"]
  db: { image: "postgres:16" }
`
  const { pipeline, found } = imported('compose', { 'compose.yaml': compose })
  expect(Object.keys(pipeline.services)).toEqual(['web', 'worker'])
  expect(pipeline.services).toMatchObject({
    web: { run: 'node server.js' },
    worker: {
      ...{ run: "node worker.js 'two words'", env: { QUEUE: 'mail' } },
      ...{ instances: 2, memory: 512 },
    },
  })
  expect(Object.keys(pipeline.environments)).toEqual(['dev', 'staging', 'production'])
  expect(found).toContain('Set these variables of worker: TOKEN, HOME_DIR.')
  expect(found).toContain('The service db (postgres:16) is not built')
  expect(found).toContain('`env_file` of web')
  expect(found).toContain('web must listen on $PORT')
  const without = { 'docker-compose.yml': 'services: { db: { image: "postgres:16" } }' }
  expect(() => imported('compose', without)).toThrow('No service of docker-compose.yml has `build`')
})

test('a Procfile becomes services, and its release runs before each release', () => {
  const { pipeline } = imported('procfile', {
    Procfile: 'worker: ./work --all\nrelease: ./migrate\nweb: ./server',
  })
  expect(pipeline.services).toMatchObject({
    web: { run: './server' },
    worker: { run: './work --all' },
  })
  expect(pipeline.environments).toMatchObject({ production: { before: { run: './migrate' } } })
  expect(() => imported('procfile', { Procfile: 'release: ./migrate' })).toThrow('no process but')
  expect(() => imported('heroku', {})).toThrow('kind: must be kamal, procfile, compose')
})

test('limits, names and words are written as fairlead.yaml wants them', () => {
  expect(['512m', '2gb', '1.5g', '100', 'x'].map(megabytes)).toEqual([512, 2048, 1536, null, null])
  expect(['Acme_Shop', '-a-', '...', 'A'.repeat(50)].map(nameFor)).toEqual([
    ...['acme-shop', 'a', 'service', 'a'.repeat(40)],
  ])
  expect(shellWords(['a', "it's", '$HOME'])).toBe(String.raw`a 'it'\''s' '$HOME'`)
})
