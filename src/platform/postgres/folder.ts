import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { barriers } from '#platform/file/reachable.ts'

/** Folders and owner of an embedded server; `uid` is null when the current user runs it. */
export interface PostgresFolder {
  root: string
  data: string
  socket: string
  log: string
  users: string
  links: string
  /** Where data and binaries go when `uid` cannot reach the folder. */
  spare: string
  uid: number | null
}

const spare = '/var/lib/fairlead'

/**
 * Prepares the folder. As root, the server gets a user of its own, because PostgreSQL refuses to
 * run as root.
 */
export function preparePostgresFolder(folder: string): PostgresFolder {
  const uid = process.getuid?.() === 0 ? ownerFor(folder) : null
  const root = uid === null ? makeFolder(folder) : makeReachable(folder, uid)
  const users = join(root, 'users')
  mkdirSync(users, { recursive: true, mode: 0o700 })
  return {
    root,
    uid,
    users,
    data: join(root, 'data'),
    socket: socketFolder(root, uid),
    log: join(root, 'postgres.log'),
    links: join(root, 'lib'),
    spare,
  }
}

function makeFolder(folder: string): string {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  return realpathSync(folder)
}

/** Returns the previous user, or a number without an account and without processes. */
function ownerFor(folder: string): number {
  if (existsSync(folder)) {
    const { uid } = statSync(folder)
    if (uid !== 0) return uid
  }
  const taken = new Set([
    ...accountNumbers('/etc/passwd'),
    ...accountNumbers('/etc/group'),
    ...processOwners(),
  ])
  const [first, last] = [52_000, 59_999]
  const start = first + (hash(folder) % (last - first))
  for (let uid = start; uid <= last; uid += 1) if (!taken.has(uid) && isMapped(uid)) return uid
  for (let uid = start; uid > 1000; uid -= 1) if (!taken.has(uid) && isMapped(uid)) return uid
  throw new Error(
    'PostgreSQL cannot run as root and there is no free user id for it; set DATABASE_URL',
  )
}

function accountNumbers(file: string): number[] {
  if (!existsSync(file)) return []
  return readFileSync(file, 'utf8')
    .split('\n')
    .map((line) => Number(line.split(':')[2]))
}

function processOwners(): number[] {
  if (!existsSync('/proc/self')) return []
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => statSync(`/proc/${name}`, { throwIfNoEntry: false })?.uid ?? [])
}

/** In a user namespace, not every number is mapped. */
function isMapped(uid: number): boolean {
  if (!existsSync('/proc/self/uid_map')) return true
  return readFileSync('/proc/self/uid_map', 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number))
    .some(([start = 0, , length = 0]) => uid >= start && uid < start + length)
}

function hash(text: string): number {
  let sum = 7
  for (const char of text) sum = (sum * 31 + (char.codePointAt(0) ?? 0)) % 1_000_003
  return sum
}

/**
 * Creates the folder for its user. When a parent folder blocks that user, creates it in `spare`
 * with a link.
 */
function makeReachable(folder: string, uid: number): string {
  const parent = dirname(folder)
  mkdirSync(parent, { recursive: true, mode: 0o700 })
  if (isLink(folder)) return own(realpathSync(folder), uid)
  const [nearest, ...above] = barriers(realpathSync(parent), uid)
  const isOurs =
    nearest === realpathSync(parent) && nearest !== homedir() && statSync(nearest).uid === 0
  if (nearest === undefined || (isOurs && above.length === 0)) {
    if (nearest !== undefined) letPass(nearest, uid)
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    return own(realpathSync(folder), uid)
  }
  if (existsSync(folder))
    throw new Error(
      `${nearest} must let others pass (chmod o+x ${nearest}): ` +
        `${folder} belongs to a user of its own`,
    )
  mkdirSync(spare, { recursive: true, mode: 0o755 })
  const fresh = mkdtempSync(join(spare, 'postgres-'))
  symlinkSync(fresh, folder)
  return own(fresh, uid)
}

const isLink = (path: string): boolean =>
  lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false

/** Grants only the group of PostgreSQL's user access through the installation's folder. */
function letPass(folder: string, uid: number): void {
  chownSync(folder, 0, uid)
  chmodSync(folder, 0o710)
}

/** Access for the group, which only that user has: initdb needs it. */
function own(folder: string, uid: number): string {
  chownSync(folder, uid, uid)
  chmodSync(folder, 0o710)
  return folder
}

/**
 * The path of a Unix socket is limited to 107 bytes; a longer one moves to a private temporary
 * folder.
 */
function socketFolder(root: string, uid: number | null): string {
  const usual = join(root, 'socket')
  if (Buffer.byteLength(join(usual, '.s.PGSQL.5432')) <= 103) return ownFolder(usual, uid)
  const record = join(root, 'socket-folder')
  const recorded = existsSync(record) ? readFileSync(record, 'utf8') : null
  if (recorded !== null && isPrivate(recorded, uid)) return recorded
  const base = Buffer.byteLength(tmpdir()) < 60 ? tmpdir() : '/tmp'
  const fresh = mkdtempSync(join(base, 'fairlead-'))
  if (uid !== null) chownSync(fresh, uid, uid)
  writeFileSync(record, fresh, { mode: 0o600 })
  return fresh
}

function ownFolder(folder: string, uid: number | null): string {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  if (uid !== null) chownSync(folder, uid, uid)
  return folder
}

function isPrivate(folder: string, uid: number | null): boolean {
  const stat = lstatSync(folder, { throwIfNoEntry: false })
  return (
    stat !== undefined &&
    stat.isDirectory() &&
    stat.uid === (uid ?? process.getuid?.()) &&
    (stat.mode & 0o077) === 0
  )
}
