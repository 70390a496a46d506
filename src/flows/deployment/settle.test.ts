import { expect, test } from 'vitest'
import { pipelineFile } from '#contract/pipeline-file/pipeline-file.ts'
import { deliveryPolicy, previewPolicy, rollbackPolicy } from './policy.ts'
import { mustSettle, settlesFirst } from './settle.ts'

const delivery = deliveryPolicy(1, false)
const preview = previewPolicy(1)
const rollback = rollbackPolicy({ deployment: 2, from: 1, reason: 'it crashed' })

test.each([
  ['the first release', delivery, '5m', false, { first: true, live: true }],
  ['a later release', delivery, '5m', true, { first: false, live: true }],
  ['a first release without watch', delivery, '0s', false, { first: false, live: false }],
  // Nothing puts the former head back.
  ['the first head of a preview', preview, '0s', false, { first: true, live: false }],
  ['a later head of a preview', preview, '0s', true, { first: true, live: false }],
  ['a rollback', rollback, '5m', true, { first: false, live: false }],
])('%s settles in its place', (_what, policy, watch, hasFormer, expected) => {
  const definition = pipelineFile.parse({ environments: { production: { watch } } })
  const plan = { policy, definition, environment: 'production' }
  expect({ first: settlesFirst(plan, hasFormer), live: mustSettle(plan) }).toEqual(expected)
})
