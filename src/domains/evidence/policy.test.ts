import { expect, test } from 'vitest'
import { missingEvidence } from './policy.ts'

const piece = (
  kind: 'tests' | 'sbom' | 'verdict',
  result: string,
  environment: string | null = null,
  isValid = true,
) => ({
  ...{ kind, result, environment, isValid },
})

test('names the missing evidence, and why existing evidence does not count', () => {
  const found = [
    piece('tests', 'failed'),
    piece('sbom', 'passed', null, false),
    piece('verdict', 'promoted', 'staging'),
  ]
  expect(
    missingEvidence(['tests', 'sbom', 'coverage', 'verdict.staging', 'verdict.dev'], found),
  ).toEqual(['tests (result: failed)', 'sbom (invalid signature)', 'coverage', 'verdict.dev'])
})

test('accepts one valid statement among several, and a waived test', () => {
  expect(missingEvidence(['tests'], [piece('tests', 'failed'), piece('tests', 'warned')])).toEqual(
    [],
  )
  expect(missingEvidence(['verdict.staging'], [piece('verdict', 'taken_back', 'staging')])).toEqual(
    ['verdict.staging (result: taken_back)'],
  )
  expect(missingEvidence([], [])).toEqual([])
})
