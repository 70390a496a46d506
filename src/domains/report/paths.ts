/** `ambiguous` when several files of the repository fit; null when none does. */
export type FindPath = (path: string, folders?: string[]) => FoundPath | 'ambiguous' | null
export interface FoundPath {
  file: string
}

/**
 * Maps the paths in a report to files of the repository: the path itself, the path without the
 * folder of the checkout, or the file that shares the longest end with it (Java's packages, Go's
 * modules, checkouts on Windows). Searches the folders that the report names first.
 */
export function createPaths(files: string[], roots: string[]): FindPath {
  const known = new Set(files)
  const byName = Map.groupBy(files, baseName)
  const find = (given: string): FoundPath | 'ambiguous' | null => {
    if (known.has(given)) return { file: given }
    const path = portable(given)
    const root = roots.find((one) => path.startsWith(`${one}/`))
    const plain = (root ? path.slice(root.length + 1) : path).replace(/^(\.\/)+/, '')
    if (known.has(plain)) return { file: plain }
    // A file in the checkout that is not part of the repository was generated there.
    if (root) return null
    if (/(^|\/)(node_modules|(site|dist)-packages)\//.test(plain)) return null
    const parts = plain.split('/')
    let best: string[] = []
    let length = 0
    for (const file of byName.get(baseName(plain)) ?? []) {
      const same = commonEnd(file.split('/'), parts)
      // One of the two paths must end with the whole other one.
      if (same < Math.min(parts.length, file.split('/').length)) continue
      if (same > length) [best, length] = [[file], same]
      else if (same === length) best.push(file)
    }
    const [file] = best
    return file === undefined ? null : best.length === 1 ? { file } : 'ambiguous'
  }
  return (path, folders = []) => {
    if (portable(path).startsWith('/')) return find(path)
    const within = new Set(
      folders.map((folder) => find(`${folder}/${path}`)).flatMap((one) => fileOf(one) ?? []),
    )
    const [file] = within
    return file !== undefined && within.size === 1 ? { file } : find(path)
  }
}

/** The file of the repository; null when it is unknown or ambiguous. */
export const fileOf = (found: ReturnType<FindPath>): string | null =>
  found === null || found === 'ambiguous' ? null : found.file

/** A path of Windows with slashes and without its drive; any other path unchanged. */
function portable(path: string): string {
  const isWindows = /^\/?[a-z]:[\\/]/i.test(path) || (path.includes('\\') && !path.includes('/'))
  return isWindows ? path.replace(/^\/?[a-z]:/i, '').replaceAll('\\', '/') : path
}

const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1)

function commonEnd(a: string[], b: string[]): number {
  let n = 0
  while (n < a.length && n < b.length && a[a.length - 1 - n] === b[b.length - 1 - n]) n += 1
  return n
}
