import { expect, test } from 'vitest'
import { pipelineFile } from '#contract/pipeline-file/pipeline-file.ts'
import { previewFile, previewTarget } from './run.ts'

const cluster = { kind: 'cluster', region: 'eu' }
const folder = { kind: 'static', directory: 'shop' }
const fileWith = (environments: object, preview: object = {}) =>
  pipelineFile.parse({ environments, pull_requests: { preview } })
const canHold = ({ kind }: { kind: string }): boolean => kind !== 'static'

test('previews run on the target of the app, if it can hold them', () => {
  const two = { dev: { target: folder }, production: { target: cluster } }
  expect(previewTarget(fileWith({ dev: { target: cluster } }), canHold)).toEqual(cluster)
  expect(previewTarget(fileWith(two), canHold)).toEqual({ kind: 'process' })
  const configured = fileWith(two, { configuration: 'production' })
  expect(previewTarget(configured, canHold)).toEqual(cluster)
})

test('the file of a preview has one environment, on that target and without a watch', () => {
  const file = fileWith({ dev: {} }, { env: { DEMO: '1' } })
  const { environments } = previewFile(file, 'pr-3', cluster)
  expect(Object.keys(environments)).toEqual(['pr-3'])
  expect(environments['pr-3']).toMatchObject({ target: cluster, watch: 0, env: { DEMO: '1' } })
})
