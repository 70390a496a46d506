import { type Dirent, lstatSync, readdirSync, readlinkSync } from 'node:fs'
import { posix, resolve } from 'node:path'
import { compilePatterns, type PathPattern } from '#platform/file/pattern.ts'
import { ContentProblem } from './layout.ts'
import type { TarEntry } from './tar.ts'

/** Paths as byte strings (latin1), which preserve names that are not UTF-8. */
export const bytesOf = (text: string): string => Buffer.from(text, 'utf8').toString('latin1')
export const textOf = (bytes: string): string => Buffer.from(bytes, 'latin1').toString('utf8')
/** Converts a byte string to the form that file system calls expect. */
export const nativePath = (bytes: string): Buffer => Buffer.from(bytes, 'latin1')

interface Pattern {
  path: PathPattern
  used: boolean
}

/**
 * Yields the entries of an artifact sorted by bytes, folders before their content. A pattern is a
 * path or a glob relative to the folder and includes everything below it; `.git` is always
 * excluded. Sockets, pipes and devices are skipped. Throws a ContentProblem when an `include`
 * pattern matches nothing, or a link leaves the folder through `..`. Returns the patterns of
 * `exclude` that left out nothing.
 */
export function* selectEntries(
  folder: string,
  include: string[],
  exclude: string[],
): Generator<TarEntry, string[]> {
  const root = bytesOf(resolve(folder))
  const wanted = toPatterns(include)
  const unwanted = toPatterns(exclude)
  const everything = wanted.find(
    ({ path }) => posix.normalize(path.text).replace(/\/$/, '') === '.',
  )
  if (everything) everything.used = true
  yield* below('', everything !== undefined)
  const unused = wanted.find((pattern) => !pattern.used)
  if (unused)
    throw new ContentProblem(
      `artifact: include names "${unused.path.text}", but there is no such path after the steps`,
    )
  return unwanted.filter((pattern) => !pattern.used).map(({ path }) => path.text)

  function* below(parent: string, isInside: boolean): Generator<TarEntry, void> {
    for (const { name, kind } of children(root, parent)) {
      const path = parent === '' ? name : `${parent}/${name}`
      if (name === '.git' || some(unwanted, path)) continue
      const isWanted = some(wanted, path) || isInside
      if (kind === 'directory') {
        if (isWanted) yield { path, type: 'directory', size: 0, executable: true, target: '' }
        if (isWanted || mayLeadTo(wanted, path)) yield* below(path, isWanted)
      } else if (isWanted) yield kind === 'symlink' ? link(root, path) : file(root, path)
    }
  }
}

function children(
  root: string,
  parent: string,
): { name: string; kind: 'file' | 'directory' | 'symlink' }[] {
  const entries: Dirent<Buffer>[] = readdirSync(
    nativePath(parent === '' ? root : `${root}/${parent}`),
    {
      encoding: 'buffer',
      withFileTypes: true,
    },
  )
  return entries
    .flatMap((entry) => {
      const kind = entry.isFile()
        ? 'file'
        : entry.isDirectory()
          ? 'directory'
          : entry.isSymbolicLink()
            ? 'symlink'
            : null
      return kind === null ? [] : [{ name: entry.name.toString('latin1'), kind } as const]
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}

function file(root: string, path: string): TarEntry {
  const stat = lstatSync(nativePath(`${root}/${path}`))
  return { path, type: 'file', size: stat.size, executable: (stat.mode & 0o100) !== 0, target: '' }
}

/**
 * A link inside the folder becomes relative, so that it works wherever the artifact is unpacked. An
 * absolute link to another place names a program of the machine, such as the interpreter of a
 * Python environment, and stays unchanged.
 */
function link(root: string, path: string): TarEntry {
  const target = readlinkSync(nativePath(`${root}/${path}`), { encoding: 'buffer' }).toString(
    'latin1',
  )
  const entry: TarEntry = { path, type: 'symlink', size: 0, executable: false, target }
  if (target === root || target.startsWith(`${root}/`)) {
    return { ...entry, target: posix.relative(posix.dirname(`${root}/${path}`), target) || '.' }
  }
  if (leadsOut(path, target))
    throw new ContentProblem(
      `artifact: the link "${textOf(path)}" leads out of the folder to "${textOf(target)}"; ` +
        'exclude it, or copy the file',
    )
  return entry
}

/** Returns whether a relative link leaves the folder at its top. */
export function leadsOut(path: string, target: string): boolean {
  if (target.startsWith('/')) return false
  return /^\.\.(\/|$)/.test(posix.join(posix.dirname(path), target))
}

const toPatterns = (texts: string[]): Pattern[] =>
  compilePatterns(texts).map((path) => ({ path, used: false }))

function some(patterns: Pattern[], bytes: string): boolean {
  const path = textOf(bytes)
  const found = patterns.filter((pattern) => pattern.path.matches(path))
  for (const pattern of found) pattern.used = true
  return found.length > 0
}

const mayLeadTo = (patterns: Pattern[], bytes: string): boolean =>
  patterns.some(({ path }) => path.mayLeadTo(textOf(bytes)))
