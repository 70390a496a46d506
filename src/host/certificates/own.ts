import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { type Certificate, covers, readCertificate } from './certificate.ts'

/** The certificates in the folder of an administrator, which other programs replace. */
export interface OwnCertificates {
  /** Reads the folder again; a pair that cannot be read keeps its former certificate. */
  refresh(): void
  /** The certificate for a name that expires last; null when the folder has none. */
  find(name: string): Certificate | null
}

interface Pair {
  /** the files as they were read */
  text: string
  certificate: Certificate | null
}

/**
 * Reads `NAME/fullchain.pem` and `NAME/privkey.pem`, as certbot writes them, of each folder in
 * `folder`. The names of a certificate decide what it is used for, not the name of its folder.
 */
export function ownCertificates(
  folder: string,
  log: (message: string, fields?: Record<string, unknown>) => void,
): OwnCertificates {
  let pairs = new Map<string, Pair>()
  const read = (place: string): [string, Pair][] => {
    const before = pairs.get(place)
    try {
      const chain = readFileSync(join(place, 'fullchain.pem'), 'utf8')
      const key = readKey(join(place, 'privkey.pem'))
      const text = `${chain}\n${key}`
      if (text === before?.text) return [[place, before]]
      return [[place, { text, certificate: readCertificate({ chain, key }) }]]
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return before ? [[place, before]] : []
      const { message } = error as Error
      if (before?.text !== message) log('a certificate cannot be read', { place, error: message })
      return [[place, { text: message, certificate: before?.certificate ?? null }]]
    }
  }
  const refresh = (): void => {
    try {
      const names = readdirSync(folder)
      pairs = new Map(names.flatMap((name) => read(join(folder, name))))
    } catch (error) {
      log('the folder of certificates cannot be read', { folder, error: (error as Error).message })
    }
  }
  return {
    refresh,
    find: (name) =>
      [...pairs.values()]
        .flatMap(({ certificate }) => certificate ?? [])
        .filter(({ names }) => covers(names, name))
        .toSorted((a, b) => b.expires - a.expires)[0] ?? null,
  }
}

function readKey(file: string): string {
  if ((statSync(file).mode & 0o007) !== 0)
    throw new Error(`everybody on this machine can read ${file}; run chmod 600 on it`)
  return readFileSync(file, 'utf8')
}
