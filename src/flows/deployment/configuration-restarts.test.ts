import { expect, test } from 'vitest'
import { pipelineFile } from '#contract/pipeline-file/pipeline-file.ts'
import { restartNote } from '#contract/configuration/restart.ts'
import { effectsOf } from './configuration-restarts.ts'

test('a change restarts the services that run once and use the name', () => {
  const keeps = { keeps: true, uses: ['$NOTHING'] }
  const { services } = pipelineFile.parse({
    services: {
      web: 'node web.js',
      redis: { run: 'redis-server --port $REDIS_PORT', ...keeps },
      proxy: { run: 'nginx', ...keeps, reload: 'SIGHUP' },
      mailer: { run: 'node mailer.js', single: true },
    },
  })
  const templates = [
    { service: 'proxy', names: ['TIMEOUT'] },
    { service: 'redis', names: ['MEMORY'] },
  ]
  const of = (...names: string[]) =>
    effectsOf(services, templates, names).map(({ service, did }) => `${service} ${did}`)
  expect(of('LOG_LEVEL')).toEqual(['mailer restarted'])
  expect(of('REDIS_PORT')).toEqual(['redis restarted', 'mailer restarted'])
  expect(of('TIMEOUT', 'MEMORY')).toEqual([
    ...['redis restarted', 'proxy reloaded', 'mailer restarted'],
  ])
})

test('says how long clients wait', () => {
  const one = { service: 'redis', did: 'restarted' as const, pauseMs: 1200, deployment: 7 }
  expect(restartNote(one)).toBe(
    'redis restarts, and clients wait for about 1.2 s, as in deployment 7.',
  )
  const none = { pauseMs: null, deployment: null }
  expect(restartNote({ ...one, ...none })).toContain('was not measured yet')
  expect(restartNote({ ...one, ...none, did: 'reloaded' })).toContain('without a restart')
})
