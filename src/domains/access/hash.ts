import { createHash } from 'node:crypto'

/** What is stored of a secret that opens something. */
export const hashOf = (secret: string): string => createHash('sha256').update(secret).digest('hex')
