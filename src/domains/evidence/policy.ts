import type { Evidence } from '#contract/evidence/evidence.ts'

/** What a piece of evidence is called in `evidence:` of an environment. */
export const nameOf = ({ kind, environment }: Pick<Evidence, 'kind' | 'environment'>): string =>
  environment === null ? kind : `${kind}.${environment}`

/**
 * What a statement must say to count. What only tells (coverage, findings, what it is made of)
 * counts by being there.
 */
const good: Partial<Record<Evidence['kind'], string[]>> = {
  tests: ['passed', 'warned'],
  gates: ['passed'],
  verdict: ['promoted'],
}

/**
 * What a release lacks, one phrase each; empty when the policy is met. Evidence whose signature
 * does not hold counts for nothing.
 */
export function missingEvidence(
  wanted: string[],
  found: (Pick<Evidence, 'kind' | 'environment' | 'result'> & { isValid: boolean })[],
): string[] {
  return wanted.flatMap((name) => {
    const named = found.filter((one) => nameOf(one) === name)
    if (named.length === 0) return [name]
    const valid = named.filter(({ isValid }) => isValid)
    if (valid.length === 0) return [`${name} (its signature does not hold)`]
    const isGood = valid.some(({ kind, result }) => good[kind]?.includes(result) ?? true)
    return isGood ? [] : [`${name} (it says ${valid[0]?.result})`]
  })
}
