import { findWorkspace, type InternalPackage } from '#platform/workspace/workspace.ts'
import type { ProposedService } from './detector.ts'
import { below, type Folder } from './folder.ts'
import { type Package, readPackage } from './node-package.ts'

/** The workspace of an app in a folder. */
export interface NodeWorkspace {
  /** its root */
  folder: Folder
  package: Package
  /** the path from the app to the root */
  up: string
  /** whether the root has modules, such as tools that all packages use */
  hasTools: boolean
  /** the packages that the app needs, in the order in which they are built */
  packages: InternalPackage[]
}

export function nodeWorkspaceOf({ above }: Folder): NodeWorkspace | null {
  if (!above) return null
  const { files, read } = above.folder
  const found = findWorkspace(above.path, { files, read })
  if (found === null) return null
  const folder = found.root === '.' ? above.folder : below(above.folder, found.root)
  const pack = readPackage(folder.read('package.json')) ?? readPackage('{}')
  if (pack === null) return null
  return {
    folder,
    package: pack,
    up: found.member.replace(/[^/]+/g, '..'),
    hasTools: pack.dependencies.size > 0,
    packages: found.packages,
  }
}

/** Where an app in a workspace finds its modules and packages. */
export function workspaceNote({ up, packages }: NodeWorkspace): string {
  const names = packages.map(({ name }) => name)
  return (
    `The app belongs to the workspace in ${up}: its artifact also holds the modules there` +
    `${names.length > 0 ? `, and the packages ${names.join(', ')}` : ''}.`
  )
}

/** A service whose programs are installed at the root of the workspace. */
export function withProgramsAbove(service: ProposedService, up: string): ProposedService {
  const run = service.run?.replace(/(^|\s)node_modules\/\.bin\//, `$1${up}/node_modules/.bin/`)
  return run === undefined ? service : { ...service, run }
}
