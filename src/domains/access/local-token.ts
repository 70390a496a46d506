import { chmodSync, readFileSync, renameSync, writeFileSync } from 'node:fs'

/** The token in a file that only its owner can read; `create` makes one when there is none. */
export function localToken(file: string, create: () => string): string {
  const token = readToken(file) ?? writeToken(file, create())
  chmodSync(file, 0o600)
  return token
}

function readToken(file: string): string | null {
  try {
    const text = readFileSync(file, 'utf8').trim()
    return text.startsWith('fl_') && text.length > 20 ? text : null
  } catch {
    return null
  }
}

function writeToken(file: string, token: string): string {
  writeFileSync(`${file}.draft`, `${token}\n`, { mode: 0o600 })
  renameSync(`${file}.draft`, file)
  return token
}
