import type { Gate } from '#contract/gate/gate.ts'
import type { Finding, ReportSummary, TestResult } from '#contract/report/report.ts'

/** Predicate types by kind: those of in-toto, SLSA and CycloneDX where they exist. */
export const predicateTypes = {
  provenance: 'https://slsa.dev/provenance/v1',
  tests: 'https://in-toto.io/attestation/test-result/v0.1',
  sbom: 'https://cyclonedx.org/bom',
  coverage: 'https://fairlead.dev/evidence/coverage/v1',
  findings: 'https://fairlead.dev/evidence/findings/v1',
  gates: 'https://fairlead.dev/evidence/gates/v1',
  verdict: 'https://fairlead.dev/evidence/verdict/v1',
} as const

export interface Build {
  /** The address of the installation. */
  builder: string
  version: string
  app: string
  run: number
  repository: string
  branch: string
  sha: string
  /** The inputs that the run was started with. */
  parameters: Record<string, string>
  steps: { name: string; command: string }[]
  started: string | null
  finished: string
}

/**
 * SLSA provenance v1: https://slsa.dev/spec/v1.0/provenance. The commands are those of
 * fairlead.yaml, which contains no secrets.
 */
export function provenance(build: Build): Record<string, unknown> {
  const uri = `git+${build.repository}@refs/heads/${build.branch}`
  return {
    buildDefinition: {
      buildType: 'https://fairlead.dev/pipeline/v1',
      externalParameters: {
        ...{ app: build.app, source: uri, commit: build.sha, pipeline: 'fairlead.yaml' },
        parameters: build.parameters,
      },
      internalParameters: { run: build.run, steps: build.steps },
      resolvedDependencies: [{ uri, digest: { gitCommit: build.sha } }],
    },
    runDetails: {
      builder: { id: build.builder, version: { fairlead: build.version } },
      metadata: {
        invocationId: `${build.builder}/runs/${build.run}`,
        ...(build.started === null ? {} : { startedOn: build.started }),
        finishedOn: build.finished,
      },
    },
  }
}

const nameOf = ({ suite, name }: TestResult): string => (suite === '' ? name : `${suite} › ${name}`)

/**
 * in-toto's test result v0.1. It has no field for counts, so they are added to it. Passed tests are
 * counted but not listed, because there may be a hundred thousand.
 */
export function testResult(
  counts: NonNullable<ReportSummary['tests']>,
  failed: TestResult[],
  commit: string,
): Record<string, unknown> {
  const isBad = counts.failed + counts.errored > counts.quarantined
  return {
    result: isBad ? 'FAILED' : counts.quarantined > 0 ? 'WARNED' : 'PASSED',
    configuration: [{ name: 'fairlead.yaml', digest: { gitCommit: commit } }],
    warnedTests: failed.filter(({ isQuarantined }) => isQuarantined).map(nameOf),
    failedTests: failed.filter(({ isQuarantined }) => !isQuarantined).map(nameOf),
    counts,
  }
}

/** Lists the findings that are errors, and counts the others. */
export const findingsPredicate = (
  counts: NonNullable<ReportSummary['findings']>,
  findings: Finding[],
): Record<string, unknown> => ({
  counts,
  errors: findings.filter(({ level }) => level === 'error').slice(0, 1000),
})

export const gatesPredicate = (gates: Gate[]): Record<string, unknown> => ({ gates })

/**
 * The result of all gates in one word. `passed` includes waived and unknown gates, which the
 * statement lists.
 */
export const resultOfGates = (gates: Gate[]): string =>
  gates.some(({ stops }) => stops) ? 'failed' : 'passed'

type Bill = Record<string, unknown>

/**
 * Merges the bills of materials of one artifact into one CycloneDX document that contains each
 * component once. The subjects of the other bills become components. Of several components with one
 * `bom-ref`, the first one is kept.
 */
export function mergedBills([first = {}, ...others]: Bill[]): Bill {
  const list = (name: string): Bill[] =>
    [first, ...others].flatMap((bill) => (Array.isArray(bill[name]) ? (bill[name] as Bill[]) : []))
  const about = others.flatMap(({ metadata }): Bill[] => {
    const { component } = (metadata ?? {}) as { component?: Bill }
    return component ? [component] : []
  })
  const components = Map.groupBy<unknown, Bill>(
    [...list('components'), ...about],
    (one) => one['bom-ref'] ?? one,
  )
  const dependencies = Map.groupBy(list('dependencies'), ({ ref }) => ref)
  const vulnerabilities = list('vulnerabilities')
  const { serialNumber: _serialNumber, ...rest } = first
  return {
    ...rest,
    components: [...components.values()].map(([one]) => one),
    dependencies: [...dependencies].map(([ref, same]) => {
      const on = new Set(
        same.flatMap(({ dependsOn }) => (Array.isArray(dependsOn) ? (dependsOn as string[]) : [])),
      )
      return on.size > 0 ? { ref, dependsOn: [...on] } : { ref }
    }),
    ...(vulnerabilities.length > 0 ? { vulnerabilities } : {}),
  }
}
