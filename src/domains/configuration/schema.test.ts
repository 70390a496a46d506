import { expect, test } from 'vitest'
import { ruleOf, schemaProblems } from './schema.ts'

const schema = JSON.stringify({
  type: 'object',
  required: ['API_KEY'],
  properties: {
    PORT: { type: 'integer', minimum: 1024, description: 'The port' },
    LEVEL: { enum: ['info', 'debug'] },
    API_KEY: { type: 'string', minLength: 8 },
    URL: { type: 'string', format: 'uri' },
  },
  additionalProperties: false,
})

test('accepts values that fit, as the texts that they are', () => {
  expect(
    schemaProblems(schema, {
      ...{ PORT: '8080', LEVEL: 'info', API_KEY: 'long-enough', URL: 'https://a.example' },
    }),
  ).toEqual([])
})

test('names each value that does not fit, without the value', () => {
  const values = { PORT: 'eighty', LEVEL: 'hidden', URL: 'no url', OTHER: '1' }
  const problems = schemaProblems(schema, values)
  expect(problems).toEqual(
    expect.arrayContaining([
      { name: 'API_KEY', problem: 'is required and not set' },
      { name: 'OTHER', problem: 'is not a name that the schema allows' },
      { name: 'PORT', problem: 'must be integer' },
      { name: 'LEVEL', problem: 'must be one of info, debug' },
      { name: 'URL', problem: 'must match format "uri"' },
    ]),
  )
  expect(JSON.stringify(problems)).not.toContain('hidden')
})

test('of a secret in a store that does not answer, only the presence counts', () => {
  expect(schemaProblems(schema, { API_KEY: '' }, ['API_KEY'])).toEqual([])
})

test('refuses a schema that is none, and one that takes too long', () => {
  expect(() => schemaProblems('{', {})).toThrow('it is not JSON')
  expect(() => schemaProblems('[]', {})).toThrow('it is not an object')
  expect(() => schemaProblems('{"type": "objekt"}', {})).toThrow()
  const slow = JSON.stringify({ properties: { A: { pattern: '^(a+)+$' } } })
  expect(() => schemaProblems(slow, { A: `${'a'.repeat(60)}!` })).toThrow('takes longer than 1 s')
})

test('tells people the rule of a name', () => {
  expect(ruleOf(schema, 'PORT')).toEqual({ isRequired: false, description: 'The port' })
  expect(ruleOf(schema, 'API_KEY')).toEqual({ isRequired: true, description: null })
  expect(ruleOf(schema, 'toString')).toBeNull()
})
