import { expect, test } from 'vitest'
import { pipelineFile } from '#contract/pipeline-file/pipeline-file.ts'
import { restartNote } from '#contract/configuration/restart.ts'
import { longestPauses } from './expected-pauses.ts'
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

test('expects the longer of the last restart and the last rehearsal', () => {
  const rehearsal = { service: 'redis', state: 'returns' as const, startMs: 900 }
  const measured = { service: 'redis', pauseMs: 800, deployment: 7 }
  const rehearsed = { service: 'redis', pauseMs: 900, deployment: null }
  expect(longestPauses([measured], [rehearsal])).toEqual([rehearsed])
  expect(longestPauses([], [rehearsal])).toEqual([rehearsed])
  expect(longestPauses([{ ...measured, pauseMs: 900 }], [rehearsal])).toMatchObject([
    { deployment: 7 },
  ])
  expect(longestPauses([measured], [{ ...rehearsal, state: 'unknown' }])).toEqual([measured])
  expect(longestPauses([], [{ service: 'redis', state: 'returns' }])).toEqual([])
})

test('says how long clients wait', () => {
  const one = { service: 'redis', did: 'restarted' as const, pauseMs: 1200, deployment: 7 }
  expect(restartNote(one)).toBe(
    'redis restarts, and clients wait for about 1.2 s, as in deployment 7.',
  )
  expect(restartNote({ ...one, deployment: null })).toBe(
    'redis restarts, and clients wait until it has stopped and for about 1.2 s, as in its last ' +
      'rehearsal.',
  )
  const none = { pauseMs: null, deployment: null }
  expect(restartNote({ ...one, ...none })).toContain('was not measured yet')
  expect(restartNote({ ...one, ...none, did: 'reloaded' })).toContain('without a restart')
})
