import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { targets } from '#domains/deployment/targets.generated.ts'
import { readPipelineFile } from '#domains/pipeline/file.ts'
import { places, schemaText, withTables } from '../tools/pipeline-reference.ts'

const read = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')

test('the published schema is what the code says', () => {
  expect(read('schema/fairlead.schema.json')).toBe(schemaText())
})

test('the schema knows short and long forms', () => {
  const schema = JSON.parse(schemaText()) as {
    properties: { steps: { additionalProperties: { anyOf: { type: string }[] } } }
  }
  expect(schema.properties.steps.additionalProperties.anyOf.map(({ type }) => type)).toEqual([
    'string',
    'object',
  ])
  expect(schemaText()).not.toContain('shorthand')
})

test('the documentation has every key, as the code says', () => {
  const text = read('docs/fairlead-yaml.md')
  for (const place of places()) expect(text).toContain(`<!-- keys of ${place}, generated -->`)
  expect(text).toBe(withTables(text))
})

test.each([
  ['docs/fairlead-yaml.md', 9],
  ['README.md', 1],
])('the examples in %s can be read', (path, count) => {
  const examples = [...read(path).matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text]) => text ?? '')
  expect(examples).toHaveLength(count)
  for (const text of examples) {
    const result = readPipelineFile(text, { file: path, defaultApp: 'app', targets })
    expect(result.ok ? [] : result.problems).toEqual([])
  }
})
