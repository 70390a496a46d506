import { type Evidence, statement } from '#contract/evidence/evidence.ts'
import { statementType, type TrustedKey, verify } from './dsse.ts'

/**
 * Verifies a signed statement about an artifact: its signature, its type and its subject. Returns
 * the problem in one sentence, or null when the statement holds.
 */
export function statementProblem(
  { envelope, predicateType }: Pick<Evidence, 'envelope' | 'predicateType'>,
  digest: string,
  keys: TrustedKey[],
): string | null {
  const verified = verify(envelope, keys)
  if (!verified.ok) return verified.problem
  if (envelope.payloadType !== statementType)
    return `it has the type ${envelope.payloadType} and is not an in-toto statement`
  const read = statement.safeParse(parse(verified.payload))
  if (!read.success) return 'it is not an in-toto statement'
  if (!read.data.subject.some((one) => `sha256:${one.digest['sha256']}` === digest))
    return 'it is about another artifact'
  return read.data.predicateType === predicateType
    ? null
    : `it is a ${read.data.predicateType}, not a ${predicateType}`
}

function parse(payload: Buffer): unknown {
  try {
    return JSON.parse(payload.toString('utf8'))
  } catch {
    return null
  }
}
