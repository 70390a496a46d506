import { hash, timingSafeEqual } from 'node:crypto'

const alphabet = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const defaultRounds = 5000
const form = /^\$6\$(?:rounds=(\d{4,5})\$)?([./\w-]{1,16})\$([./A-Za-z0-9]{86})$/

/** Returns whether a text is a hash of SHA-512-crypt with less than 100,000 rounds. */
export const isCryptHash = (text: string): boolean => form.test(text)

/** Whether a password has a hash of SHA-512-crypt, as `openssl passwd -6` writes it. */
export function matchesCryptHash(password: string, text: string): boolean {
  const [, rounds, salt = '', expected = ''] = form.exec(text) ?? []
  if (expected === '') return false
  const found = encode(sha512Crypt(password, salt, Number(rounds ?? defaultRounds)))
  return timingSafeEqual(Buffer.from(found), Buffer.from(expected))
}

const digest = (...parts: Buffer[]): Buffer => hash('sha512', Buffer.concat(parts), 'buffer')

const filled = (length: number, block: Buffer): Buffer => Buffer.alloc(length, block)

/** The digest of Ulrich Drepper's “Unix crypt using SHA-256 and SHA-512”, steps 1 to 21. */
function sha512Crypt(password: string, saltText: string, rounds: number): Buffer {
  const [key, salt] = [Buffer.from(password), Buffer.from(saltText)]
  const other = digest(key, salt, key)
  const bits: Buffer[] = []
  for (let i = key.length; i > 0; i >>= 1) bits.push(i % 2 === 1 ? other : key)
  let result = digest(key, salt, filled(key.length, other), ...bits)
  const long = filled(key.length, digest(filled(key.length ** 2, key)))
  const short = filled(salt.length, digest(filled(salt.length * (16 + (result[0] ?? 0)), salt)))
  for (let i = 0; i < rounds; i += 1) {
    const isOdd = i % 2 === 1
    result = digest(
      isOdd ? long : result,
      ...(i % 3 === 0 ? [] : [short]),
      ...(i % 7 === 0 ? [] : [long]),
      isOdd ? result : long,
    )
  }
  return result
}

/** Step 22: three bytes at a time, from three parts of the digest that change places. */
function encode(bytes: Buffer): string {
  let text = ''
  const add = (value: number, count: number): void => {
    for (let i = 0; i < count; i += 1) text += alphabet[(value >> (6 * i)) & 63]
  }
  const places = [0, 21, 42]
  for (let i = 0; i < 21; i += 1) {
    const [a = 0, b = 0, c = 0] = places.map((one) => bytes[one + i] ?? 0)
    add((a << 16) | (b << 8) | c, 4)
    places.unshift(...places.splice(1))
  }
  add(bytes[63] ?? 0, 2)
  return text
}
