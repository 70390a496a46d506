import { execFile } from 'node:child_process'
import {
  existsSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
} from 'node:fs'
import { join } from 'node:path'
import { cannotRun, type Binaries } from './binaries.ts'
import type { PostgresFolder } from './folder.ts'
import { isAlive } from './postmaster.ts'

/** Major version of the bundled binaries. */
const major = '18'

/**
 * Creates the data in a temporary folder and renames it when complete, so that a crash leaves
 * nothing incomplete. Throws one sentence when that fails or the data have another major version.
 */
export async function ensureData(
  place: PostgresFolder,
  binaries: Binaries,
  random: string,
): Promise<void> {
  const version = join(place.data, 'PG_VERSION')
  if (existsSync(version)) {
    const found = readFileSync(version, 'utf8').trim()
    if (found === major) return
    throw new Error(
      `${place.data} was written by PostgreSQL ${found}, and this Fairlead has ${major}: ` +
        'make a backup with the version that wrote it and restore that',
    )
  }
  removeLeftovers(place.root)
  const temporary = join(place.root, `data.${process.pid}.${random}.tmp`)
  try {
    if (place.uid === null) await initialise(place, binaries, temporary, {})
    else await initialiseAsRoot(place, binaries, temporary, place.uid)
    renameSync(temporary, place.data)
  } catch (error) {
    rmSync(temporary, { recursive: true, force: true })
    if (!existsSync(version)) throw error
  }
}

function removeLeftovers(root: string): void {
  for (const name of readdirSync(root)) {
    const pid = /^data\.(\d+)\..*\.tmp$/.exec(name)?.[1]
    if (pid !== undefined && !isAlive(Number(pid)))
      rmSync(join(root, name), { recursive: true, force: true })
  }
}

/**
 * initdb needs a user with a name, which our numeric user lacks. An existing account creates the
 * data, with access through our group, and ownership changes afterwards.
 */
async function initialiseAsRoot(
  place: PostgresFolder,
  binaries: Binaries,
  data: string,
  uid: number,
): Promise<void> {
  const helper = namedAccount()
  mkdirSync(data, { mode: 0o700 })
  lchownSync(data, helper, uid)
  await initialise(place, binaries, data, { uid: helper, gid: uid })
  chownAll(data, uid)
}

function namedAccount(): number {
  const accounts = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .filter(([, , uid]) => Number(uid) > 0)
  const account = accounts.find(([name]) => name === 'nobody') ?? accounts[0]
  if (!account)
    throw new Error(
      'PostgreSQL cannot run as root, and /etc/passwd names no other user; set DATABASE_URL',
    )
  return Number(account[2])
}

function chownAll(path: string, uid: number): void {
  lchownSync(path, uid, uid)
  if (!lstatSync(path).isDirectory()) return
  for (const name of readdirSync(path)) chownAll(join(path, name), uid)
}

function initialise(
  place: PostgresFolder,
  binaries: Binaries,
  data: string,
  owner: { uid?: number; gid?: number },
): Promise<void> {
  const args = [
    '-D',
    data,
    '-U',
    'fairlead',
    '-A',
    'trust',
    '-E',
    'UTF8',
    '--locale=C',
    '--no-instructions',
  ]
  const locale = ['--locale-provider=builtin', '--builtin-locale=C.UTF-8']
  const options = {
    cwd: place.root,
    env: { PATH: '/usr/bin:/bin', LC_ALL: 'C', ...binaries.env },
    ...owner,
  }
  return new Promise((resolve, reject) => {
    execFile(
      join(binaries.folder, 'initdb'),
      [...args, ...locale],
      options,
      (error, _out, errors) => {
        if (!error) return resolve()
        const { code } = error as NodeJS.ErrnoException
        if (typeof code === 'string' || Number(code) === 127)
          return reject(cannotRun(errors.trim() || error.message))
        const reason = errors.split('\n').find((line) => line.includes('error:')) ?? errors.trim()
        reject(new Error(`PostgreSQL could not create its data in ${place.root}: ${reason}`))
      },
    )
  })
}
