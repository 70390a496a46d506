import { expect, test } from 'vitest'
import { z } from 'zod'
import { mergedBills, provenance, testResult } from './predicates.ts'

/**
 * https://slsa.dev/spec/v1.0/schema/provenance.cue and in-toto's ResourceDescriptor, which allow
 * nothing else.
 */
const resource = z.strictObject({
  uri: z.url().optional(),
  digest: z.record(z.string(), z.string().regex(/^[0-9a-f]+$/)).optional(),
  name: z.string().optional(),
})
const slsa = z.strictObject({
  buildDefinition: z.strictObject({
    buildType: z.url(),
    externalParameters: z.record(z.string(), z.unknown()),
    internalParameters: z.record(z.string(), z.unknown()).optional(),
    resolvedDependencies: z.array(resource),
  }),
  runDetails: z.strictObject({
    builder: z.strictObject({ id: z.url(), version: z.record(z.string(), z.string()) }),
    metadata: z.strictObject({
      invocationId: z.string(),
      startedOn: z.iso.datetime().optional(),
      finishedOn: z.iso.datetime(),
    }),
  }),
})
const build = {
  ...{
    builder: 'https://ci.example.com',
    version: '1.2.3',
    app: 'shop',
    run: 7,
    branch: 'main',
    sha: 'a'.repeat(40),
  },
  ...{
    repository: 'https://ci.example.com/git/shop.git',
    steps: [{ name: 'test', command: 'npm test' }],
  },
  ...{ parameters: { LEVEL: 'debug' }, started: null, finished: '2026-01-02T03:04:05.678Z' },
}

test('provenance follows SLSA and contains the inputs of the run', () => {
  const whole = slsa.parse(provenance({ ...build, started: '2026-01-02T03:04:00.000Z' }))
  expect(whole.buildDefinition.externalParameters).toMatchObject({ parameters: { LEVEL: 'debug' } })
  expect(slsa.parse(provenance(build)).runDetails.metadata.startedOn).toBe(undefined)
})

test('test results follow in-toto, with quarantined failures as warnings', () => {
  const counts = {
    total: 3,
    passed: 1,
    failed: 2,
    errored: 0,
    skipped: 0,
    broken: 0,
    quarantined: 1,
    seconds: 1,
  }
  const failed = (name: string, isQuarantined: boolean) => ({
    ...{
      step: 'test',
      suite: '',
      name,
      outcome: 'failed' as const,
      seconds: null,
      file: null,
      message: null,
    },
    ...{ before: null, isQuarantined, flaky: { commits: 0, of: 1 } },
  })
  const both = [failed('a', true), failed('b', false)]
  expect(testResult(counts, both, 'abc')).toMatchObject({
    result: 'FAILED',
    warnedTests: ['a'],
    failedTests: ['b'],
  })
  expect(testResult({ ...counts, failed: 1 }, both.slice(0, 1), 'abc')).toMatchObject({
    result: 'WARNED',
  })
})

test('merges bills of materials into one that contains each component once', () => {
  const part = (name: string) => ({ type: 'library', name, 'bom-ref': name })
  const bill = (name: string, parts: string[]) => ({
    ...{ bomFormat: 'CycloneDX', specVersion: '1.6', serialNumber: `urn:uuid:${name}`, version: 1 },
    ...{ metadata: { component: part(name) }, components: parts.map(part) },
    dependencies: [
      { ref: name, dependsOn: parts },
      { ref: 'log', dependsOn: name === 'web' ? ['clock'] : [] },
    ],
  })
  const merged = mergedBills([bill('web', ['log', 'clock']), bill('worker', ['log', 'queue'])])
  expect(merged).toEqual({
    ...{
      bomFormat: 'CycloneDX',
      specVersion: '1.6',
      version: 1,
      metadata: { component: part('web') },
    },
    components: ['log', 'clock', 'queue', 'worker'].map(part),
    dependencies: [
      { ref: 'web', dependsOn: ['log', 'clock'] },
      { ref: 'log', dependsOn: ['clock'] },
      { ref: 'worker', dependsOn: ['log', 'queue'] },
    ],
  })
})
