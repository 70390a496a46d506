/**
 * Which file of the repository a report means: its own path, that without the folder of the checkout, or the file that ends with the
 * most of it (Java's packages, Go's modules). Null when none does, or two do.
 */
export function createPaths(files: string[], roots: string[]): (path: string) => string | null {
  const known = new Set(files)
  const byName = Map.groupBy(files, baseName)
  return (path) => {
    const root = roots.find((one) => path.startsWith(`${one}/`))
    const plain = (root ? path.slice(root.length + 1) : path).replace(/^\.\//, '')
    if (known.has(plain)) return plain
    if (/(^|\/)(node_modules|(site|dist)-packages)\//.test(plain)) return null
    const parts = plain.split('/')
    let best: string[] = []
    let length = 0
    for (const file of byName.get(baseName(plain)) ?? []) {
      const same = commonEnd(file.split('/'), parts)
      // One of the two must be wholly the end of the other.
      if (same < Math.min(parts.length, file.split('/').length)) continue
      if (same > length) [best, length] = [[file], same]
      else if (same === length) best.push(file)
    }
    return best.length === 1 ? (best[0] ?? null) : null
  }
}

const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1)

function commonEnd(a: string[], b: string[]): number {
  let n = 0
  while (n < a.length && n < b.length && a[a.length - 1 - n] === b[b.length - 1 - n]) n += 1
  return n
}
