import type { Evidence } from '#contract/evidence/evidence.ts'

/** The name of a piece of evidence in the key `evidence` of an environment. */
export const nameOf = ({ kind, environment }: Pick<Evidence, 'kind' | 'environment'>): string =>
  environment === null ? kind : `${kind}.${environment}`

/**
 * The results with which a statement counts. Purely informative kinds (coverage, findings, sbom)
 * count if they exist.
 */
const good: Partial<Record<Evidence['kind'], string[]>> = {
  tests: ['passed', 'warned'],
  gates: ['passed'],
  verdict: ['promoted'],
}

/**
 * The evidence that a release lacks, one phrase each; empty when the policy is met. Evidence with
 * a problem, such as an invalid signature, does not count.
 */
export function missingEvidence(
  wanted: string[],
  found: (Pick<Evidence, 'kind' | 'environment' | 'result'> & { problem: string | null })[],
): string[] {
  return wanted.flatMap((name) => {
    const named = found.filter((one) => nameOf(one) === name)
    if (named.length === 0) return [name]
    const valid = named.filter(({ problem }) => problem === null)
    if (valid.length === 0) return [`${name} (${named[0]?.problem})`]
    const isGood = valid.some(({ kind, result }) => good[kind]?.includes(result) ?? true)
    return isGood ? [] : [`${name} (result: ${valid[0]?.result})`]
  })
}
