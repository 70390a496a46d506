import { execFileSync } from 'node:child_process'
import { createHmac, randomBytes } from 'node:crypto'
import {
  closeSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'

/** The keys that encrypt secrets. The newest comes first and encrypts; older keys only decrypt. */
export interface KeyRing {
  keys(): [Buffer, ...Buffer[]]
  /** Where the keys are stored, for users. */
  where: string
  /** Adds a new key before the others; null when the keys are managed elsewhere. */
  add: (() => void) | null
  /** Removes all keys except the newest. */
  keepNewest: (() => void) | null
}

/**
 * Loads the keys from FAIRLEAD_KEY, the output of FAIRLEAD_KEY_COMMAND, FAIRLEAD_KEY_FILE, or the
 * installation's own file, which is created once. One key per line, 32 bytes in base64; older keys
 * follow. Throws one sentence when that fails.
 */
export function findKeys(env: Record<string, string | undefined>, own: string): KeyRing {
  const given = ['FAIRLEAD_KEY', 'FAIRLEAD_KEY_COMMAND', 'FAIRLEAD_KEY_FILE'].filter(
    (name) => env[name],
  )
  if (given.length > 1) throw new Error(`${given.join(' and ')} are both set; keep one of them`)
  const { FAIRLEAD_KEY: text, FAIRLEAD_KEY_COMMAND: command, FAIRLEAD_KEY_FILE: file } = env
  if (text) return fixed(parseKeys(text, 'FAIRLEAD_KEY'), 'FAIRLEAD_KEY')
  if (command)
    return fixed(
      parseKeys(ask(command), 'what FAIRLEAD_KEY_COMMAND prints'),
      'FAIRLEAD_KEY_COMMAND',
    )
  if (file) return { ...inFile(file), add: null, keepNewest: null }
  makeOnce(own)
  return inFile(own)
}

const fixed = (keys: [Buffer, ...Buffer[]], where: string): KeyRing => ({
  keys: () => keys,
  where,
  add: null,
  keepNewest: null,
})

function ask(command: string): string {
  try {
    return execFileSync('/bin/sh', ['-c', command], {
      env: process.env,
      encoding: 'utf8',
      timeout: 30_000,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
  } catch (error) {
    const { status, code } = error as { status?: number | null; code?: string }
    throw new Error(
      `FAIRLEAD_KEY_COMMAND returned no key: it ${code === 'ETIMEDOUT' ? 'took longer than 30 s' : `exited with ${status}`}`,
      {
        cause: error,
      },
    )
  }
}

function parseKeys(text: string, where: string): [Buffer, ...Buffer[]] {
  const keys = text
    .split(/[\s,]+/)
    .filter(Boolean)
    .map((one) => Buffer.from(one, 'base64'))
  const [first, ...others] = keys
  if (first === undefined || keys.some((key) => key.length !== 32))
    throw new Error(`${where} is not a key of 32 bytes in base64; restore the one from your backup`)
  return [first, ...others]
}

/** Another server may change the file; it is read again when it changed. */
function inFile(file: string): KeyRing {
  let cached: { mark: string; keys: [Buffer, ...Buffer[]] } | null = null
  const keys = (): [Buffer, ...Buffer[]] => {
    const { ino, mtimeMs, size } = statSync(file)
    const mark = `${ino} ${mtimeMs} ${size}`
    if (cached?.mark !== mark) cached = { mark, keys: parseKeys(readFileSync(file, 'utf8'), file) }
    return cached.keys
  }
  keys()
  return {
    keys,
    where: file,
    add: () => replace(file, (before) => [randomBytes(32), ...before]),
    keepNewest: () => replace(file, ([newest]) => [newest]),
  }
}

/** Milliseconds after which the lock of a dead server expires. */
const staleMs = 10_000

/** The draft file is the lock: only one server creates it, and renaming it releases the lock. */
function replace(file: string, change: (keys: [Buffer, ...Buffer[]]) => Buffer[]): void {
  const draft = `${file}.next`
  if (isStale(draft)) rmSync(draft, { force: true })
  const fd = openSync(draft, 'wx', 0o600)
  const keys = change(parseKeys(readFileSync(file, 'utf8'), file))
  writeSync(fd, keys.map((key) => `${key.toString('base64')}\n`).join(''))
  fsyncSync(fd)
  closeSync(fd)
  renameSync(draft, file)
  const folder = openSync(dirname(file), 'r')
  fsyncSync(folder)
  closeSync(folder)
}

function isStale(file: string): boolean {
  try {
    return Date.now() - statSync(file).mtimeMs > staleMs
  } catch {
    return false
  }
}

/** Two servers that start at the same time end up with the same key. */
function makeOnce(file: string): void {
  try {
    statSync(file)
    return
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

/** A secret for one purpose, the same for every server with the same newest key. */
export const derivedSecret = (ring: KeyRing, purpose: string): string =>
  createHmac('sha256', ring.keys()[0]).update(purpose).digest('base64url')
