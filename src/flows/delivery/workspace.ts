import { closeSync, existsSync, fstatSync, readFileSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join, posix } from 'node:path'
import type { PipelineFile } from '#contract/pipeline-file/pipeline-file.ts'
import { LeadsOut, mustBeInside, openInside } from '#platform/file/inside.ts'
import { listTree } from '#platform/git/tree.ts'
import { findWorkspace, type Workspace } from '#platform/workspace/workspace.ts'
import type { Dependencies } from '#flows/dependencies.ts'
import { type DeliveryInput, workspaceOf } from './input.ts'

const longestManifest = 1024 * 1024

/** The npm, pnpm or Yarn workspace of an app in a folder of the commit; null when there is none. */
export async function readWorkspace(
  deps: Dependencies,
  input: DeliveryInput,
  folder: string,
): Promise<Workspace | null> {
  if (folder === '.') return null
  const checkout = workspaceOf(deps, input.run)
  const files = await listTree(deps.source.bareOf(input.app), input.sha)
  return findWorkspace(folder, { files, read: (path) => readInside(checkout, path) })
}

/** Empty for a missing, linked or very long file. */
function readInside(checkout: string, path: string): string {
  let fd: number | null = null
  try {
    fd = openInside(checkout, path)
    return fstatSync(fd).size > longestManifest ? '' : readFileSync(fd, 'utf8')
  } catch (error) {
    if (error instanceof LeadsOut || (error as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw error
  } finally {
    if (fd !== null) closeSync(fd)
  }
}

/**
 * Package managers install the modules of an app at the root of its workspace, with links to its
 * internal packages. So its artifact begins there, unless `artifact.include` names the files, and
 * its services run in the folder of the app.
 */
export function placeInWorkspace(
  definition: PipelineFile,
  workspace: Workspace | null,
): { definition: PipelineFile; workspace: Workspace | null } {
  if (workspace === null || definition.artifact.include.join() !== '.')
    return { definition, workspace: null }
  const services = Object.entries(definition.services).map(([name, service]) => {
    const directory = posix.join(workspace.member, service.directory)
    return [name, { ...service, directory }] as const
  })
  return { definition: { ...definition, services: Object.fromEntries(services) }, workspace }
}

/**
 * The files of an artifact that begins at the root of a workspace: those directly in the root, the
 * installed modules, the folder of the app and its internal packages.
 */
export async function selectFromWorkspace(
  checkout: string,
  { root, member, packages }: Workspace,
  exclude: string[],
): Promise<{ folder: string; include: string[]; exclude: string[] }> {
  const folder = join(checkout, root)
  mustBeInside(checkout, folder)
  const entries = await readdir(folder, { withFileTypes: true })
  const files = entries.filter((entry) => !entry.isDirectory()).map(({ name }) => name)
  // Yarn's Plug'n'Play reads the archives of modules instead of node_modules.
  const modules = ['node_modules', ...(files.includes('.pnp.cjs') ? ['.yarn'] : [])]
  const folders = [...modules, member, ...packages.map((one) => one.folder)]
  return {
    folder,
    include: [...files, ...folders.filter((path) => existsSync(join(folder, path)))],
    exclude: exclude.map((pattern) => posix.join(member, pattern)),
  }
}

/** The files of a commit that can change an app: see `selectFromWorkspace`. */
export function pathsOf({ root, member, packages }: Workspace, files: readonly string[]): string[] {
  const folders = [member, ...packages.map((one) => one.folder)]
  return [
    ...folders.map((path) => posix.join(root, path)),
    ...files.filter((path) => posix.dirname(path) === root),
  ]
}
