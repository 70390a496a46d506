import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve, sep } from 'node:path'

/**
 * A limited view of a repository: regular files only, without links and dependencies, five levels
 * deep. It is read breadth first, so that a folder with many files hides no other folder.
 */
export interface Folder {
  /** paths of files relative to the root, with `/`, sorted */
  files: readonly string[]
  /** paths of folders, with those at the maximum depth */
  folders: readonly string[]
  has(path: string): boolean
  /** the text of a file; empty when it does not exist or is too large */
  read(path: string): string
  /** the repository that contains the folder, and its path there; absent for the root */
  above?: { folder: Folder; path: string }
}

const skipped = new Set([
  'node_modules',
  'bower_components',
  'vendor',
  'third_party',
  'testdata',
  'target',
  'dist',
  'build',
  '__pycache__',
  'venv',
  'coverage',
])
const limits = { depth: 5, files: 20_000, filesOfFolder: 1000, bytes: 512 * 1024 }

/** The view of a folder with the repository around it, which ends at the folder with `.git`. */
export function lookAtApp(path: string): Folder {
  const app = resolve(path)
  let top = app
  while (!existsSync(join(top, '.git')) && dirname(top) !== top) top = dirname(top)
  if (top === app || !existsSync(join(top, '.git'))) return lookAt(app)
  const above = { folder: lookAt(top), path: relative(top, app).split(sep).join('/') }
  return { ...lookAt(app), above }
}

export function lookAt(root: string): Folder {
  const files: string[] = []
  const sizes = new Map<string, string>()
  const folders: string[] = []
  let level = ['']
  for (let depth = 1; depth <= limits.depth && files.length < limits.files; depth += 1)
    level = level.flatMap((parent) => {
      const found = list(root, parent)
      files.push(...(parent === '' ? found.files : found.files.slice(0, limits.filesOfFolder)))
      folders.push(...found.folders)
      return found.folders
    })
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

/** The view of a repository that consists of these paths and texts. */
export function folderOf(texts: Record<string, string>): Folder {
  const files = Object.keys(texts).toSorted()
  const parents = files.flatMap((path) => {
    const parts = path.split('/').slice(0, -1)
    return parts.map((_, i) => parts.slice(0, i + 1).join('/'))
  })
  return {
    files,
    folders: [...new Set(parents)],
    has: (path) => Object.hasOwn(texts, path),
    read: (path) => (Object.hasOwn(texts, path) ? (texts[path] ?? '') : ''),
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

/** The view of one folder of the repository, with the repository around it. */
export const inside = (folder: Folder, path: string): Folder => ({
  ...below(folder, path),
  above: { folder, path },
})

/** The folders that contain this one, nearest first, and the path from each to this one. */
export function parentsOf({ above }: Folder): { folder: Folder; path: string }[] {
  if (!above) return []
  const parts = above.path.split('/')
  return parts.map((_, i) => {
    const at = parts.slice(0, parts.length - 1 - i)
    return {
      folder: at.length === 0 ? above.folder : below(above.folder, at.join('/')),
      path: parts.slice(at.length).join('/'),
    }
  })
}

function list(root: string, parent: string): { files: string[]; folders: string[] } {
  const entries = entriesOf(join(root, parent))
  const pathOf = ({ name }: { name: string }): string =>
    parent === '' ? name : `${parent}/${name}`
  return {
    files: entries.filter((entry) => entry.isFile()).map(pathOf),
    folders: entries
      .filter((entry) => entry.isDirectory() && !skipped.has(entry.name))
      .filter((entry) => !entry.name.startsWith('.'))
      .map(pathOf),
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
