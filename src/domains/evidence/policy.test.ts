import { expect, test } from 'vitest'
import { missingEvidence } from './policy.ts'

const piece = (
  kind: 'tests' | 'sbom' | 'verdict',
  result: string,
  environment: string | null = null,
  problem: string | null = null,
) => ({
  ...{ kind, result, environment, problem },
})

test('names the missing evidence, and why existing evidence does not count', () => {
  const found = [
    piece('tests', 'failed'),
    piece('sbom', 'passed', null, 'its key ab was revoked'),
    piece('verdict', 'promoted', 'staging'),
  ]
  expect(
    missingEvidence(['tests', 'sbom', 'coverage', 'verdict.staging', 'verdict.dev'], found),
  ).toEqual(['tests (result: failed)', 'sbom (its key ab was revoked)', 'coverage', 'verdict.dev'])
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
