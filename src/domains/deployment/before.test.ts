import { expect, test } from 'vitest'
import { pipelineFile } from '#contract/pipeline-file/pipeline-file.ts'
import { beforeOf, incompatibleBecause, triedOf } from './before.ts'

const fileWith = (before: unknown) =>
  pipelineFile.parse({
    services: { site: { static: 'public' }, web: 'node web.js', worker: 'node worker.js' },
    environments: { staging: {}, production: { before } },
  })

test('the command has the variables of the first service with a command', () => {
  const file = fileWith('npm run migrate')
  const expected = { run: 'npm run migrate', service: 'web', timeout: 3_600_000 }
  expect(beforeOf(file, 'production')).toEqual(expected)
  expect(beforeOf(file, 'staging')).toBeNull()
  const chosen = fileWith({ run: 'migrate', service: 'worker', timeout: '5m' })
  expect(beforeOf(chosen, 'production')).toEqual({
    ...{ run: 'migrate', service: 'worker', timeout: 300_000 },
  })
})

test('only an incompatible command of another run stands in the way of a rollback', () => {
  const one = { release: 21, run: 7, command: 'migrate', isCompatible: false, check: null }
  expect(incompatibleBecause([], 6)).toBeNull()
  expect(incompatibleBecause([{ ...one, isCompatible: true }], 6)).toBeNull()
  expect(incompatibleBecause([one], 7)).toBeNull()
  expect(incompatibleBecause([{ ...one, run: 8, isCompatible: true }, one], 6)).toContain(
    'release 21 of run 7 has run `migrate` since',
  )
})

test('a check counts for the release that was tried, and only when it works', () => {
  const one = { release: 21, run: 7, command: 'migrate', isCompatible: true }
  const works = { ...one, check: { run: 6, state: 'compatible' as const, reason: null } }
  expect(incompatibleBecause([works], 6)).toBeNull()
  expect(incompatibleBecause([works], 5)).toContain('only the release of run 6 was tried')
  const reason = '/ answered 500'
  const not = { ...one, isCompatible: false }
  const fails = { ...not, check: { run: 6, state: 'incompatible' as const, reason } }
  expect(incompatibleBecause([fails], 6)).toContain(`not work with the result: ${reason}`)
  const unknown = { ...not, check: { run: 6, state: 'unknown' as const, reason: 'no space' } }
  expect(incompatibleBecause([unknown], 6)).toContain('it is not known whether')
})

test('the first service that may run twice is tried, with the verification', () => {
  const services = { db: { run: 'redis-server', keeps: true }, web: 'node web.js' }
  const file = pipelineFile.parse({ services, environments: { a: { verify: 'check' }, b: {} } })
  expect(triedOf(file, 'a')).toEqual({ service: 'web', verify: 'check' })
  expect(triedOf(file, 'b')).toEqual({ service: 'web' })
  expect(triedOf(pipelineFile.parse({ services: {}, environments: { a: {} } }), 'a')).toBeNull()
})
