import { createHash } from 'node:crypto'

/** 32 characters that nobody takes for another one. */
const alphabet = 'abcdefghijkmnpqrstuvwxyz23456789'
const length = 20

/**
 * A password of a private page, such as `h3kf9-2mxqa-7bczw-pr48t`. It has 100 random bits, so
 * nobody can guess it, and its hash needs no salt.
 */
export const createPassword = (random: (bytes: number) => Buffer): string =>
  [...random(length)]
    .map((byte, at) => `${at > 0 && at % 5 === 0 ? '-' : ''}${alphabet[byte % 32]}`)
    .join('')

/** What is stored of a password. */
export const passwordHash = (password: string): string =>
  createHash('sha256').update(password).digest('hex')
