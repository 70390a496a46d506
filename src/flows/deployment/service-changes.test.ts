import { expect, test } from 'vitest'
import { pipelineFile } from '#contract/pipeline-file/pipeline-file.ts'
import { changeOf } from './service-changes.ts'
import { serviceSpecs } from './release-spec.ts'

/** What redis starts with; `change` overrides its keys in fairlead.yaml. */
function startOf(change: object = {}, artifact = 'sha256:1', text = 'maxmemory 1gb') {
  const redis = { run: 'redis-server', keeps: true, uses: [], ...change }
  const { services } = pipelineFile.parse({ services: { web: 'node web.js', redis } })
  const [, spec] = serviceSpecs(services, undefined, {
    ...{ variables: {}, secrets: {}, settleMs: 1000, host: 'a', files: new Map() },
  })
  if (!spec) throw new Error('there is no redis')
  return { artifact, spec, files: [{ path: 'redis.conf', text }], hasReferences: false }
}

test.each<[what: string, expected: string, next: ReturnType<typeof startOf>]>([
  ['nothing', 'nothing', startOf()],
  ['an artifact of which it uses nothing', 'nothing', startOf({}, 'sha256:2')],
  ['its health check', 'nothing', startOf({ health: '/ping' })],
  ['its command', 'restart', startOf({ run: 'redis-server --save' })],
  ['its variables', 'restart', startOf({ env: { LEVEL: 'debug' } })],
  ['its files', 'restart', startOf({}, 'sha256:1', 'maxmemory 2gb')],
])('a change of %s: %s', (_what, expected, next) => {
  expect(changeOf(startOf(), next)).toBe(expected)
})

test('another artifact and a signal to read files count as declared', () => {
  const whole = { uses: ['.'] }
  expect(changeOf(startOf(whole), startOf(whole, 'sha256:2'))).toBe('restart')
  const reload = { reload: 'SIGHUP' }
  expect(changeOf(startOf(reload), startOf(reload, 'sha256:1', 'other'))).toBe('reload')
  expect(changeOf(startOf(), { ...startOf(), hasReferences: true })).toBe('restart')
  expect(changeOf(undefined, startOf())).toBe('restart')
})
