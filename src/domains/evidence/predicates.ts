import type { Gate } from '#contract/gate/gate.ts'
import type { Finding, ReportSummary, TestResult } from '#contract/report/report.ts'

/** Kinds of statements by their URI; in-toto's, SLSA's and CycloneDX's own where there is one. */
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
  /** address of the installation */
  builder: string
  version: string
  app: string
  run: number
  repository: string
  branch: string
  sha: string
  /** given by who began the run */
  parameters: Record<string, string>
  steps: { name: string; command: string }[]
  started: string | null
  finished: string
}

/**
 * SLSA provenance v1: https://slsa.dev/spec/v1.0/provenance. Commands are those of fairlead.yaml,
 * which has no secrets.
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
 * in-toto's test result v0.1. It has no place for counts, so they stand beside; passed tests are
 * counted and not named, as there may be a hundred thousand.
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

/** The findings that are errors in full; of the others how many there are. */
export const findingsPredicate = (
  counts: NonNullable<ReportSummary['findings']>,
  findings: Finding[],
): Record<string, unknown> => ({
  counts,
  errors: findings.filter(({ level }) => level === 'error').slice(0, 1000),
})

export const gatesPredicate = (gates: Gate[]): Record<string, unknown> => ({ gates })

/**
 * In one word what the gates said: `passed` also when some are waived or unknown, which the
 * statement names.
 */
export const resultOfGates = (gates: Gate[]): string =>
  gates.some(({ stops }) => stops) ? 'failed' : 'passed'

type Bill = Record<string, unknown>

/**
 * Several bills of one artifact as one CycloneDX document, in which each component is once: what
 * the others are about becomes one, and of the same one (by its `bom-ref`) the first stays.
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
