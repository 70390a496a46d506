import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { endpoints } from '#contract/endpoints.ts'
import { generatedFiles } from '../tools/generate.ts'

const files = await generatedFiles()

describe('generated files', () => {
  test.each(Object.entries(files))('%s', (path, text) => {
    expect(readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')).toBe(text)
  })
})

test('the OpenAPI document names every endpoint once, with its parameters', () => {
  const document = JSON.parse(
    readFileSync(new URL('../docs/openapi.json', import.meta.url), 'utf8'),
  ) as {
    openapi: string
    paths: Record<
      string,
      Record<string, { operationId: string; parameters?: { name: string; in: string }[] }>
    >
  }
  expect(document.openapi).toBe('3.1.0')
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.values(methods).map((operation) => ({ path, ...operation })),
  )
  expect(operations.map((operation) => operation.operationId).sort()).toEqual(
    Object.keys(endpoints).sort(),
  )
  for (const { path, parameters } of operations) {
    const inPath = (parameters ?? [])
      .filter((parameter) => parameter.in === 'path')
      .map((parameter) => parameter.name)
    expect([...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)).toEqual(inPath)
  }
})
