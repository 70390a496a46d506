import fc from 'fast-check'
import { expect, test } from 'vitest'
import { serviceFile } from '#contract/pipeline-file/service-file.ts'
import { serviceFiles } from './layers.ts'
import { usedBy } from './used.ts'

const redis = (more: object = {}) =>
  serviceFile.parse({
    ...{ run: 'redis-server $FAIRLEAD_CONFIG_DIR/redis.conf --port ${REDIS_PORT}', keeps: true },
    ...{ uses: ['$REDIS_PASSWORD', 'modules'], env: { TZ: 'UTC' }, ...more },
  })

test('a service whose uses names variables and files gets these, and its own', () => {
  const used = usedBy(redis({ uses: ['$REDIS_PASSWORD', '$FAIRLEAD_CONFIG_DIR/a.conf'] }))
  for (const name of ['REDIS_PORT', 'REDIS_PASSWORD', 'TZ'])
    expect(used.hasVariable(name)).toBe(true)
  for (const name of ['LOG_LEVEL', 'REDIS', 'REDIS_PORT_2'])
    expect(used.hasVariable(name)).toBe(false)
  expect(['redis.conf', 'a.conf'].every(used.hasFile)).toBe(true)
  expect(used.hasFile('app.json')).toBe(false)
  expect(usedBy(redis({ port: '$DB_PORT' })).hasVariable('DB_PORT')).toBe(true)
})

test('names of variables do not limit the files, nor the other way round', () => {
  const byVariable = usedBy(redis({ uses: ['$A'] }))
  expect([byVariable.hasVariable('B'), byVariable.hasFile('b')]).toEqual([false, true])
  const byFile = usedBy(redis({ uses: ['$FAIRLEAD_CONFIG_DIR/a'] }))
  expect([byFile.hasVariable('B'), byFile.hasFile('b')]).toEqual([true, false])
  const byPath = usedBy(redis({ uses: ['modules'] }))
  expect([byPath.hasVariable('B'), byPath.hasFile('b')]).toEqual([true, true])
})

test('a folder that is named stands for its files', () => {
  const files = ['conf.d/a.conf', 'conf.d/b.conf', 'conf.data', 'app.json']
  const uses = ['$FAIRLEAD_CONFIG_DIR/none']
  const filesOf = (run: string) => files.filter(usedBy(redis({ run, uses })).hasFile)
  expect(filesOf('x --dir $FAIRLEAD_CONFIG_DIR/conf.d/')).toEqual(files.slice(0, 2))
  expect(filesOf('x --dir ${FAIRLEAD_CONFIG_DIR}/conf.d')).toEqual(files.slice(0, 2))
  expect(filesOf('x --dir "$FAIRLEAD_CONFIG_DIR"')).toEqual(files)
  expect(filesOf('x $FAIRLEAD_CONFIG_DIRECTORY/app.json')).toEqual([])
})

test('every other service, and one that uses everything, gets everything', () => {
  const plain = { keeps: false, uses: [] }
  fc.assert(
    fc.property(fc.string(), (name) => {
      for (const service of [redis(plain), redis({ uses: ['.'] }), undefined]) {
        const used = usedBy(service)
        expect(used.hasVariable(name) && used.hasFile(name)).toBe(true)
      }
    }),
  )
})

test('files of the app reach the services that use them', () => {
  const file = { template: 'a.liquid' }
  const definition = {
    services: {
      web: serviceFile.parse('node web.js'),
      redis: redis({ uses: ['$FAIRLEAD_CONFIG_DIR/redis.conf'] }),
    },
    environments: {},
    config: { files: { 'app.json': file, 'redis.conf': file } },
  } as unknown as Parameters<typeof serviceFiles>[0]
  const filesOf = (service: string) =>
    Object.keys(serviceFiles(definition, { environment: 'production', service }))
  expect(filesOf('web')).toEqual(['app.json', 'redis.conf'])
  expect(filesOf('redis')).toEqual(['redis.conf'])
})
