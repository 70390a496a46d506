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

test('a policy names all that is missing, and why what is there does not count', () => {
  const found = [
    piece('tests', 'failed'),
    piece('sbom', 'passed', null, false),
    piece('verdict', 'promoted', 'staging'),
  ]
  expect(
    missingEvidence(['tests', 'sbom', 'coverage', 'verdict.staging', 'verdict.dev'], found),
  ).toEqual([
    'tests (it says failed)',
    'sbom (its signature does not hold)',
    'coverage',
    'verdict.dev',
  ])
})

test('one valid statement among others is enough, and a waived test does not spoil it', () => {
  expect(missingEvidence(['tests'], [piece('tests', 'failed'), piece('tests', 'warned')])).toEqual(
    [],
  )
  expect(missingEvidence(['verdict.staging'], [piece('verdict', 'taken_back', 'staging')])).toEqual(
    ['verdict.staging (it says taken_back)'],
  )
  expect(missingEvidence([], [])).toEqual([])
})
