import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { closeSync, fsyncSync, linkSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'

/** Encrypts and decrypts secret values with AES-256-GCM; the name is bound in, so that values cannot be swapped in the database. */
export interface SecretBox {
  seal(name: string, value: string): string
  /** Throws one sentence when the key does not fit or the value was changed. */
  open(name: string, sealed: string): string
}

export function createSecretBox(key: Buffer, random: (bytes: number) => Buffer = randomBytes): SecretBox {
  return {
    seal: (name, value) => {
      const nonce = random(12)
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(name))
      const text = Buffer.concat([cipher.update(value, 'utf8'), cipher.final()])
      return Buffer.concat([nonce, cipher.getAuthTag(), text]).toString('base64')
    },
    open: (name, sealed) => {
      const bytes = Buffer.from(sealed, 'base64')
      try {
        const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12))
        decipher.setAAD(Buffer.from(name)).setAuthTag(bytes.subarray(12, 28))
        return Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]).toString('utf8')
      } catch {
        throw new Error(
          `The secret ${name} cannot be decrypted: the installation's key file is not the one it was stored with`,
        )
      }
    },
  }
}

/** Reads the installation's key, or creates it once; two servers that start at once end with the same key. */
export function readOrCreateKey(file: string): Buffer {
  for (;;) {
    try {
      const key = Buffer.from(readFileSync(file, 'utf8').trim(), 'base64')
      if (key.length !== 32)
        throw new Error(`${file} is not a key of 32 bytes in base64; put back the one of your backup`)
      return key
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
    const draft = `${file}.${randomBytes(4).toString('hex')}`
    const fd = openSync(draft, 'wx', 0o600)
    writeSync(fd, `${randomBytes(32).toString('base64')}\n`)
    fsyncSync(fd)
    closeSync(fd)
    try {
      linkSync(draft, file)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    } finally {
      rmSync(draft)
    }
  }
}
