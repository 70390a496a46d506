import { expect, test } from 'vitest'
import { pipelineFile } from '#contract/pipeline-file/pipeline-file.ts'
import { edgeOf } from './edge-spec.ts'

const fileOf = (edge: object) =>
  pipelineFile.parse({ app: 'a', environments: { production: { edge } } }).environments[
    'production'
  ]
const hash = `$6$saltsalt$${'a'.repeat(86)}`

test('says only what is set, in the units of the host', () => {
  expect(edgeOf(undefined, 'production', {})).toEqual({})
  expect(edgeOf(fileOf({}), 'production', {})).toEqual({})
  const all = { body: 1.5, timeout: '30s', allow: '10.0.0.0/8', auth: 'PEOPLE' }
  const headers = { request: { 'X-A': null }, response: { 'X-B': 1 } }
  expect(edgeOf(fileOf({ ...all, ...headers }), 'production', { PEOPLE: `a:${hash}\n\n` })).toEqual(
    {
      edge: {
        ...{ body: 1_500_000, timeout: 30_000, allow: ['10.0.0.0/8'], users: [`a:${hash}`] },
        ...{ request: { 'X-A': null }, response: { 'X-B': '1' } },
      },
    },
  )
})

test.each([
  [{}, 'which is not set; set it with `fairlead secret set`'],
  [{ PEOPLE: ' \n' }, 'which is empty; make a hash with `openssl passwd -6`'],
  [{ PEOPLE: `a:${hash}\nbob:plain-password` }, 'whose line 2 is not NAME:HASH; make a hash with'],
])('a secret that cannot be used is a sentence without its value', (secrets, problem) => {
  const edge = fileOf({ auth: 'PEOPLE' })
  const made = () => edgeOf(edge, 'production', secrets)
  expect(made).toThrow(problem)
  expect(made).not.toThrow('plain-password')
})
