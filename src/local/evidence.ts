import type { PublicKey } from '#cli/local.ts'
import { FairleadError } from '#contract/errors.ts'
import type { Evidence } from '#contract/evidence/evidence.ts'
import { publicKey, type TrustedKey } from '#domains/evidence/dsse.ts'
import { statementProblem } from '#domains/evidence/statement.ts'

/** Verifies statements about an artifact without a server; see `Local` in src/cli/local.ts. */
export function verifyEvidence(
  evidence: Evidence[],
  digest: string,
  keys: PublicKey[],
): (string | null)[] {
  const trusted = keys.map(trustedKey)
  return evidence.map((one) => statementProblem(one, digest, trusted))
}

function trustedKey({ id, pem, revoked = null }: PublicKey): TrustedKey {
  try {
    return { id, key: publicKey(pem), revoked }
  } catch (error) {
    throw new FairleadError('invalid_input', {
      field: '--key',
      problem: `${id} cannot be used: ${(error as Error).message}`,
    })
  }
}
