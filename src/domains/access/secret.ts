import { createHash } from 'node:crypto'

/** A new secret of 256 bits, as text that is safe in a URL. */
export const createSecret = (random: (bytes: number) => Buffer, prefix = ''): string =>
  `${prefix}${random(32).toString('base64url')}`

/** The stored form of a secret: its SHA-256, in hexadecimal. */
export const hashOf = (secret: string): string => createHash('sha256').update(secret).digest('hex')
