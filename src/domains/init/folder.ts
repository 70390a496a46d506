import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * A limited view of a repository: regular files only, without links and dependencies, three levels
 * deep.
 */
export interface Folder {
  /** paths of files relative to the root, with `/`, sorted */
  files: readonly string[]
  /** paths of folders, with those at the maximum depth */
  folders: readonly string[]
  has(path: string): boolean
  /** the text of a file; empty when it does not exist or is too large */
  read(path: string): string
}

const skipped = new Set([
  'node_modules',
  'vendor',
  'target',
  'dist',
  'build',
  '__pycache__',
  'venv',
  'coverage',
])
const limits = { depth: 3, files: 4000, bytes: 512 * 1024 }

export function lookAt(root: string): Folder {
  const files: string[] = []
  const sizes = new Map<string, string>()
  const folders: string[] = []
  list(root, '', 1, { files, folders })
  files.sort()
  const known = new Set(files)
  return {
    files,
    folders,
    has: (path) => known.has(path),
    read: (path) => {
      if (!known.has(path)) return ''
      const text = sizes.get(path) ?? readText(join(root, path))
      sizes.set(path, text)
      return text
    },
  }
}

/** The view of one folder of the repository. */
export function below(folder: Folder, name: string): Folder {
  const prefix = `${name}/`
  const inside = (paths: readonly string[]): string[] =>
    paths.filter((path) => path.startsWith(prefix)).map((path) => path.slice(prefix.length))
  const [files, folders] = [inside(folder.files), inside(folder.folders)]
  return {
    files,
    folders,
    has: (path) => folder.has(prefix + path),
    read: (path) => folder.read(prefix + path),
  }
}

function list(
  root: string,
  parent: string,
  depth: number,
  found: { files: string[]; folders: string[] },
): void {
  for (const entry of entriesOf(join(root, parent))) {
    if (found.files.length >= limits.files) return
    const path = parent === '' ? entry.name : `${parent}/${entry.name}`
    if (entry.isFile()) found.files.push(path)
    else if (entry.isDirectory() && !skipped.has(entry.name) && !entry.name.startsWith('.')) {
      found.folders.push(path)
      if (depth < limits.depth) list(root, path, depth + 1, found)
    }
  }
}

function entriesOf(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true }).toSorted((a, b) =>
      a.name < b.name ? -1 : 1,
    )
  } catch {
    return [] // not ours to read
  }
}

function readText(path: string): string {
  try {
    const bytes = readFileSync(path)
    return bytes.length > limits.bytes ? '' : bytes.toString('utf8')
  } catch {
    return ''
  }
}
