import { describe, expect, test } from 'vitest'
import { pipelineFile } from '#contract/pipeline-file/pipeline-file.ts'
import { deferredWork, planWork } from './work-plan.ts'

const plain = pipelineFile.parse({})
const gated = pipelineFile.parse({ gates: { tests: 'tests.failed == 0' } })
const codeGated = pipelineFile.parse({ gates: { code: 'code.duplicated < 10' } })
const signed = pipelineFile.parse({ environments: { dev: {}, production: { evidence: 'tests' } } })

const done = { artifact: true, gates: true }
const stopped = { artifact: false, gates: true }
const broken = { artifact: false, gates: false }

describe('the plan of fact-recording work', () => {
  test('defers everything when nothing depends on it', () => {
    const plan = planWork(plain, false)
    expect(plan).toEqual({ inspection: 'after_run', gates: 'after_run', evidence: 'after_run' })
    expect(deferredWork(plan, done)).toEqual(['gates', 'inspection', 'evidence'])
  })

  test('signs nothing without an artifact', () => {
    expect(deferredWork(planWork(plain, false), stopped)).toEqual(['gates', 'inspection'])
  })

  test('evaluates gates before the artifact is packed', () => {
    const plan = planWork(gated, false)
    expect(plan).toMatchObject({ gates: 'before_artifact', inspection: 'after_run' })
    expect(deferredWork(plan, done)).toEqual(['inspection', 'evidence'])
  })

  test('stores the numbers of a run whose steps failed, and not twice when a gate failed', () => {
    const plan = planWork(gated, false)
    expect(deferredWork(plan, broken)).toEqual(['gates', 'inspection'])
    expect(deferredWork(plan, stopped)).toEqual(['inspection'])
  })

  test('inspects the code during the steps when a gate reads it', () => {
    const plan = planWork(codeGated, false)
    expect(plan).toMatchObject({ gates: 'before_artifact', inspection: 'during_steps' })
    expect(deferredWork(plan, done)).toEqual(['evidence'])
  })

  test('signs before the environments when one requires evidence', () => {
    const plan = planWork(signed, false)
    expect(plan).toEqual({
      inspection: 'after_run',
      gates: 'before_artifact',
      evidence: 'before_environments',
    })
    expect(deferredWork(plan, done)).toEqual(['inspection'])
  })

  test('never signs evidence for a pull request', () => {
    const plan = planWork(signed, true)
    expect(plan).toEqual({ inspection: 'after_run', gates: 'after_run', evidence: 'never' })
    expect(deferredWork(plan, done)).toEqual(['gates', 'inspection'])
  })
})
