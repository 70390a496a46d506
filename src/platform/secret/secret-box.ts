import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto'
import type { KeyRing } from './key-ring.ts'
import type { Statement } from '#platform/postgres/sql.ts'

/**
 * Encrypts and decrypts secret values with AES-256-GCM. The name is authenticated, so that values
 * cannot be swapped in the database.
 */
export interface SecretBox {
  /** Encrypts with the newest key, whose name the result contains. */
  seal(name: string, value: string): string
  /**
   * Throws one sentence when no key matches or the value was changed. `former` is the name that
   * values without a key name are bound to.
   */
  open(name: string, sealed: string, former?: string): string
  /** Returns whether the value is encrypted with the newest key. */
  isCurrent(sealed: string): boolean
}

/**
 * An encrypted value in its table, for key rotation: `put` replaces it only while it is unchanged.
 */
export interface SealedValue {
  name: string
  former?: string
  sealed: string
  put(resealed: string): Statement
}

/** Names a key by the first 12 hex digits of its SHA-256. */
export const keyName = (key: Buffer): string =>
  createHash('sha256').update(key).digest('hex').slice(0, 12)

/**
 * Encrypted values have the form `2.KEY.BASE64`: the name of the key, then nonce, tag and
 * ciphertext. The first form was the base64 alone.
 */
const format = /^2\.([0-9a-f]{12})\.(.+)$/

export function createSecretBox(
  ring: KeyRing,
  random: (bytes: number) => Buffer = randomBytes,
): SecretBox {
  return {
    seal: (name, value) => {
      const key = ring.keys()[0]
      const nonce = random(12)
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(name))
      const text = Buffer.concat([cipher.update(value, 'utf8'), cipher.final()])
      return `2.${keyName(key)}.${Buffer.concat([nonce, cipher.getAuthTag(), text]).toString('base64')}`
    },
    open: (name, sealed, former = name) => {
      const [, of, text] = format.exec(sealed) ?? []
      const keys = of === undefined ? ring.keys() : ring.keys().filter((key) => keyName(key) === of)
      for (const key of keys) {
        const value = decrypt(key, of === undefined ? former : name, text ?? sealed)
        if (value !== null) return value
      }
      const why =
        of === undefined || keys.length > 0
          ? 'the key is not the one it was stored with, or it was changed'
          : `it was stored with the key ${of}, which is missing`
      throw new Error(`The secret ${name} cannot be decrypted: ${why}`)
    },
    isCurrent: (sealed) => format.exec(sealed)?.[1] === keyName(ring.keys()[0]),
  }
}

function decrypt(key: Buffer, name: string, sealed: string): string | null {
  const bytes = Buffer.from(sealed, 'base64')
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12))
    decipher.setAAD(Buffer.from(name)).setAuthTag(bytes.subarray(12, 28))
    return Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]).toString('utf8')
  } catch {
    return null
  }
}
