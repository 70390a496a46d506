import { expect, test } from 'vitest'
import { pipelineFile } from '#contract/pipeline-file/pipeline-file.ts'
import { placeByLabels } from './labels.ts'

const hosts = [
  { name: 'web-2', labels: ['web', 'eu'] },
  { name: 'web-1', labels: ['web', 'us'] },
  { name: 'db-1', labels: ['db', 'eu'] },
]
const placed = (target: unknown) => {
  const definition = pipelineFile.parse({ environments: { production: { target } } })
  const found = placeByLabels(definition, hosts)
  return found.problem ?? found.definition.environments.production?.target
}

test('names every host that has all of the labels', () => {
  expect(placed({ kind: 'process', labels: ['web'], away: 5000 })).toEqual({
    ...{ kind: 'process', hosts: ['web-1', 'web-2'], away: 5000 },
  })
  expect(placed({ kind: 'docker', labels: ['eu', 'web'] })).toEqual({
    ...{ kind: 'docker', host: 'web-2' },
  })
})

test('leaves targets without labels as they are', () => {
  const target = { kind: 'process', hosts: ['web-1', 'db-1'], away: 5000 }
  expect(placed(target)).toEqual(target)
  expect(placed('process')).toEqual({ kind: 'process' })
})

test('says which labels there are when no host has all of them', () => {
  expect(placed({ kind: 'process', labels: ['db', 'us'] })).toBe(
    'environment `production` needs a host with the labels db, us, and there is none; add one ' +
      'with `fairlead hosts add --label`, or label one with `fairlead hosts label`. The labels ' +
      'of the hosts are db, eu, us, web',
  )
})
