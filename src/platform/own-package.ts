import { createHash } from 'node:crypto'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import { entryPath, packageRoot, version } from './self.ts'

/** The files that run this version of Fairlead on another machine of the same architecture. */
export interface OwnPackage {
  /** changes with the content of the program and the version of Node */
  id: string
  /** the entry, from the top of the package */
  entry: string
  /** the Node of this process, and the name of its version */
  node: { path: string; id: string }
  /** the top of the package, and the files and folders in it */
  program: { folder: string; files: string[] }
  /** a folder `node_modules`, and the packages in it that the program needs */
  modules: { folder: string; files: string[] }
}

const nodeId = `node-${process.version}-${process.platform}-${process.arch}`

let found: OwnPackage | null = null

/** Finds the files once: they do not change while this process runs. */
export function ownPackage(): OwnPackage {
  found ??= findPackage()
  return found
}

function findPackage(): OwnPackage {
  const code = entryPath.startsWith('dist') ? ['dist/main.js', 'dist/chunks'] : ['src']
  const files = ['package.json', 'migrations', ...code]
  const installed = dirname(packageRoot)
  const isInstalled = basename(installed) === 'node_modules'
  const folder = isInstalled ? installed : join(packageRoot, 'node_modules')
  const modules = closure(packageRoot).map((path) => relative(folder, path))
  return {
    id: `${version}-${digestOf([...files, ...modules], nodeId)}`,
    entry: entryPath,
    node: { path: process.execPath, id: nodeId },
    program: { folder: packageRoot, files },
    // A package within another one travels with it.
    modules: { folder, files: modules.filter((path) => !path.includes('node_modules')) },
  }
}

/** The folders of everything that a package depends on, without what is only for one platform. */
function closure(root: string): string[] {
  const all = new Set<string>()
  const visit = (folder: string): void => {
    for (const name of dependenciesOf(folder)) {
      const path = resolvePackage(name, folder)
      if (path === null || all.has(path)) continue
      all.add(path)
      visit(path)
    }
  }
  visit(root)
  return [...all].toSorted()
}

const dependenciesOf = (folder: string): string[] =>
  Object.keys(
    (JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { dependencies?: object })
      .dependencies ?? {},
  )

function resolvePackage(name: string, from: string): string | null {
  for (let folder = from; folder !== dirname(folder); folder = dirname(folder)) {
    const path = join(folder, 'node_modules', name)
    if (existsSync(join(path, 'package.json'))) return path
  }
  return null
}

/** The program by its content, and its dependencies by the versions that package.json fixes. */
function digestOf(files: string[], node: string): string {
  const hash = createHash('sha256').update(`${node}\n${files.join('\n')}`)
  const code = globSync(['dist/main.js', 'dist/chunks/*', 'src/**/*.{ts,js,json}'], {
    cwd: packageRoot,
  })
  const isOwn = (path: string): boolean => files.some((file) => path.startsWith(file))
  for (const path of ['package.json', ...code.filter(isOwn)].toSorted())
    hash.update(`${path}\n`).update(readFileSync(join(packageRoot, path)))
  return hash.digest('hex').slice(0, 12)
}
