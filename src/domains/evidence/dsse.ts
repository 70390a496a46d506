import {
  createPublicKey,
  type KeyObject,
  sign as signBytes,
  verify as verifyBytes,
} from 'node:crypto'
import { type Envelope, envelope } from '#contract/evidence/evidence.ts'

/** The payload type of an in-toto statement. */
export const statementType = 'application/vnd.in-toto+json'

/** A key. Its id is the hexadecimal SHA-256 of its SubjectPublicKeyInfo in DER, as in in-toto. */
export interface TrustedKey {
  id: string
  key: KeyObject
  /** when and why it was revoked; its signatures are then invalid */
  revoked?: { at: string; reason: string } | null
}

/** The pre-authentication encoding (PAE): the bytes that are signed. */
export function pae(payloadType: string, payload: Uint8Array): Buffer {
  const head = `DSSEv1 ${Buffer.byteLength(payloadType)} ${payloadType} ${payload.length} `
  return Buffer.concat([Buffer.from(head), payload])
}

export function sign(
  payloadType: string,
  payload: Uint8Array,
  by: { id: string; key: KeyObject },
): Envelope {
  const sig = signBytes(null, pae(payloadType, payload), by.key).toString('base64')
  return {
    payloadType,
    payload: Buffer.from(payload).toString('base64'),
    signatures: [{ keyid: by.id, sig }],
  }
}

export type Verified = { ok: true; payload: Buffer; key: string } | { ok: false; problem: string }

/**
 * Checks whether one of the keys, which must not be revoked, signed an envelope. The key id in the
 * envelope is not authenticated, so every key is tried.
 */
export function verify(given: unknown, keys: TrustedKey[]): Verified {
  const read = envelope.safeParse(given)
  if (!read.success) {
    const field = read.error.issues[0]?.path.join('.') ?? ''
    return { ok: false, problem: `it is not a DSSE envelope: ${field} is invalid` }
  }
  const { payloadType, signatures } = read.data
  const payload = bytesOf(read.data.payload)
  if (!payload) return { ok: false, problem: 'its payload is not base64' }
  const message = pae(payloadType, payload)
  const signers = signatures.flatMap(({ sig }) => {
    const bytes = bytesOf(sig)
    return keys.find((one) => bytes !== null && isSignedBy(one.key, message, bytes)) ?? []
  })
  const valid = signers.find(({ revoked }) => !revoked)
  if (valid) return { ok: true, payload, key: valid.id }
  const [revoked] = signers
  if (revoked) return { ok: false, problem: revokedProblem(revoked) }
  const ids = signatures.map(({ keyid }) => keyid?.slice(0, 12) ?? 'an unnamed key')
  return { ok: false, problem: `no trusted key signed it; it names ${ids.join(' and ')}` }
}

const revokedProblem = ({ id, revoked }: TrustedKey): string =>
  `its key ${id.slice(0, 12)} was revoked on ${revoked?.at.slice(0, 10)}: ${revoked?.reason}`

function isSignedBy(key: KeyObject, message: Buffer, sig: Buffer): boolean {
  try {
    return verifyBytes(null, message, key, sig)
  } catch {
    return false
  }
}

/** Decodes both base64 alphabets, as the specification requires; null for other text. */
function bytesOf(text: string): Buffer | null {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text) && !/^[A-Za-z0-9_-]*={0,2}$/.test(text)) return null
  return Buffer.from(text.replaceAll('-', '+').replaceAll('_', '/'), 'base64')
}

/** Reads an Ed25519 public key in PEM. Throws one sentence. */
export function publicKey(pem: string): KeyObject {
  let key: KeyObject
  try {
    key = createPublicKey(pem)
  } catch {
    throw new Error('It is not a PEM public key, which begins with -----BEGIN PUBLIC KEY-----')
  }
  if (key.asymmetricKeyType !== 'ed25519')
    throw new Error(`It is a key for ${key.asymmetricKeyType}; Fairlead signs with Ed25519`)
  return key
}
