import { posix } from 'node:path'
import { parse } from 'yaml'
import { compilePatterns, type PathPattern, PatternProblem } from '#platform/file/pattern.ts'

/** The files of a repository, as far as package managers read them. */
export interface RepositoryFiles {
  /** paths of all files, relative to the root of the repository */
  files: readonly string[]
  /** the text of a file; empty when it does not exist */
  read(path: string): string
}

/** A package of the same workspace that an app needs. */
export interface InternalPackage {
  /** relative to the root of the workspace */
  folder: string
  name: string
  hasBuild: boolean
}

/** The npm, pnpm, Yarn or Bun workspace to which an app in a folder belongs. */
export interface Workspace {
  /** the folder of the workspace, relative to the root of the repository */
  root: string
  /** the folder of the app, relative to `root` */
  member: string
  /** the packages that the app needs, each after those that it needs itself */
  packages: InternalPackage[]
}

/**
 * Finds the workspace to which a folder belongs, by `workspaces` of package.json (npm, Yarn, Bun)
 * and by pnpm-workspace.yaml. Null when there is none. Pure; invalid files are ignored.
 */
export function findWorkspace(folder: string, repository: RepositoryFiles): Workspace | null {
  for (const root of foldersAbove(folder)) {
    const isMember = memberRule(declaredMembers(root, repository))
    const member = posix.relative(root, folder)
    if (isMember(member))
      return { root, member, packages: neededPackages(root, member, isMember, repository) }
  }
  return null
}

function foldersAbove(folder: string): string[] {
  const parts = posix.normalize(folder).split('/').filter(Boolean)
  return parts.map((_, i) => parts.slice(0, parts.length - 1 - i).join('/') || '.')
}

/** The patterns of folders that a workspace declares as its members. */
function declaredMembers(root: string, { read }: RepositoryFiles): string[] {
  const { workspaces } = jsonOf(read(posix.join(root, 'package.json')))
  const listed = Array.isArray(workspaces) ? workspaces : objectOf(workspaces)['packages']
  const ofPnpm = yamlOf(read(posix.join(root, 'pnpm-workspace.yaml')))['packages']
  return [listed, ofPnpm].flatMap((list) =>
    Array.isArray(list) ? list.filter((one): one is string => typeof one === 'string') : [],
  )
}

function memberRule(patterns: string[]): (folder: string) => boolean {
  const excluded = patterns.filter((one) => one.startsWith('!')).map((one) => one.slice(1))
  const included = patterns.filter((one) => !one.startsWith('!'))
  try {
    const [members, others] = [compilePatterns(included), compilePatterns(excluded)]
    return (folder) =>
      members.some((one) => isExactMatch(one, folder)) &&
      !others.some((one) => isExactMatch(one, folder))
  } catch (error) {
    if (error instanceof PatternProblem) return () => false
    throw error
  }
}

/** Our patterns match everything in a folder, those of workspaces only the folder itself. */
function isExactMatch({ text, matches }: PathPattern, folder: string): boolean {
  const depth = (path: string): number => posix.normalize(path).split('/').filter(Boolean).length
  return matches(folder) && (/\*\*|\{/.test(text) || depth(text) === depth(folder))
}

function neededPackages(
  root: string,
  member: string,
  isMember: (folder: string) => boolean,
  repository: RepositoryFiles,
): InternalPackage[] {
  const manifests = new Map(
    manifestFolders(root, repository.files)
      .filter(isMember)
      .map((folder) => [folder, manifestIn(posix.join(root, folder), repository)]),
  )
  const byName = new Map([...manifests].map(([folder, { name }]) => [name, folder]))
  const found = new Map<string, InternalPackage>()
  const visited = new Set([member])
  const visit = (names: string[]): void => {
    for (const name of names) {
      const folder = byName.get(name)
      const manifest = folder === undefined ? undefined : manifests.get(folder)
      if (folder === undefined || manifest === undefined || visited.has(folder)) continue
      visited.add(folder)
      visit(manifest.dependencies)
      found.set(folder, { folder, name, hasBuild: manifest.hasBuild })
    }
  }
  const app = manifestIn(posix.join(root, member), repository)
  visit([...app.dependencies, ...app.ofDevelopment])
  return [...found.values()]
}

/** The folders with a package.json below a workspace, relative to it. */
const manifestFolders = (root: string, files: readonly string[]): string[] =>
  files
    .filter((path) => path.endsWith('/package.json') && !/(^|\/)node_modules\//.test(path))
    .map((path) => posix.relative(root, posix.dirname(path)))
    .filter((folder) => folder !== '' && !folder.startsWith('..'))

interface Manifest {
  name: string
  dependencies: string[]
  ofDevelopment: string[]
  hasBuild: boolean
}

function manifestIn(folder: string, { read }: RepositoryFiles): Manifest {
  const json = jsonOf(read(posix.join(folder, 'package.json')))
  const names = (key: string): string[] => Object.keys(objectOf(json[key]))
  return {
    name: typeof json['name'] === 'string' ? json['name'] : '',
    dependencies: ['dependencies', 'optionalDependencies', 'peerDependencies'].flatMap(names),
    ofDevelopment: names('devDependencies'),
    hasBuild: typeof objectOf(json['scripts'])['build'] === 'string',
  }
}

const objectOf = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {}

function jsonOf(text: string): Record<string, unknown> {
  try {
    return objectOf(JSON.parse(text.replace(/^\uFEFF/, '')))
  } catch {
    return {}
  }
}

function yamlOf(text: string): Record<string, unknown> {
  try {
    return objectOf(parse(text))
  } catch {
    return {}
  }
}
