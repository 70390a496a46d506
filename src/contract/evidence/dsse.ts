import {
  createPublicKey,
  type KeyObject,
  sign as signBytes,
  verify as verifyBytes,
} from 'node:crypto'
import { z } from 'zod'

const signature = z.object({ keyid: z.string().optional(), sig: z.string() })

/**
 * An envelope of DSSE v1 (https://github.com/secure-systems-lab/dsse): a payload, its type, and
 * signatures over both.
 */
export const envelope = z.object({
  payloadType: z.string(),
  payload: z.string(),
  signatures: z.array(signature).min(1),
})
export type Envelope = z.infer<typeof envelope>

/** in-toto statements in an envelope are of this type. */
export const statementType = 'application/vnd.in-toto+json'

/**
 * A key by the name that in-toto gives it: SHA-256 of its SubjectPublicKeyInfo in DER, hexadecimal.
 */
export interface TrustedKey {
  id: string
  key: KeyObject
}

/** The pre-authentication encoding: what is signed. */
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
 * Whether one of the keys signed an envelope. The key id in it is a hint that anybody can write, so
 * every key is tried.
 */
export function verify(given: unknown, keys: TrustedKey[]): Verified {
  const read = envelope.safeParse(given)
  if (!read.success)
    return {
      ok: false,
      problem: `it is no DSSE envelope: ${read.error.issues[0]?.path.join('.') ?? ''} is not right`,
    }
  const { payloadType, signatures } = read.data
  const payload = bytesOf(read.data.payload)
  if (!payload) return { ok: false, problem: 'its payload is not in base64' }
  const message = pae(payloadType, payload)
  for (const { sig } of signatures) {
    const bytes = bytesOf(sig)
    const key = bytes && keys.find((one) => isBy(one.key, message, bytes))
    if (key) return { ok: true, payload, key: key.id }
  }
  const ids = signatures.map(({ keyid }) => keyid?.slice(0, 12) ?? 'an unnamed key')
  return { ok: false, problem: `no trusted key signed it; it says that ${ids.join(' and ')} did` }
}

function isBy(key: KeyObject, message: Buffer, sig: Buffer): boolean {
  try {
    return verifyBytes(null, message, key, sig)
  } catch {
    return false
  }
}

/** Both alphabets of base64, as the specification asks of who verifies; null for anything else. */
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
    throw new Error('It is no public key in PEM, which begins with -----BEGIN PUBLIC KEY-----')
  }
  if (key.asymmetricKeyType !== 'ed25519')
    throw new Error(`It is a key for ${key.asymmetricKeyType}, not for Ed25519`)
  return key
}
