import type { ProposedStep } from './detector.ts'
import type { Folder } from './folder.ts'
import type { Package } from './node-package.ts'
import type { NodeWorkspace } from './node-workspace.ts'

/** The package manager of a Node app, and its commands. */
export interface Manager {
  name: string
  install: Pick<ProposedStep, 'run' | 'env'>
  run: (script: string) => string
  /** the command that builds another package of the workspace */
  buildOther: (name: string) => string
}

/** The package manager by its lock file, which is at the root of a workspace. */
export function managerOf(folder: Folder, pack: Package, workspace: NodeWorkspace | null): Manager {
  const root = workspace?.folder ?? folder
  if (root.has('pnpm-lock.yaml')) return pnpm(workspace)
  if (root.has('bun.lock') || root.has('bun.lockb'))
    return {
      name: 'bun',
      install: { run: 'bun install --frozen-lockfile' },
      run: (script) => `bun run ${script}`,
      buildOther: (name) => `bun run --filter ${name} build`,
    }
  if (root.has('yarn.lock')) return yarn(root, workspace?.package ?? pack, workspace)
  return npm(root, workspace)
}

/** In a folder of a workspace, npm installs what that folder needs. */
function npm(root: Folder, workspace: NodeWorkspace | null): Manager {
  const isLocked = root.has('package-lock.json') || root.has('npm-shrinkwrap.json')
  const install = isLocked ? 'npm ci' : 'npm install --no-audit --no-fund'
  return {
    name: 'npm',
    install: { run: `${install}${workspace?.hasTools ? ' --include-workspace-root' : ''}` },
    run: (script) =>
      script === 'test' || script === 'start' ? `npm ${script}` : `npm run ${script}`,
    buildOther: (name) => `npm run build --workspace ${name}`,
  }
}

function pnpm(workspace: NodeWorkspace | null): Manager {
  const tools = workspace?.hasTools ? ` --filter '{${workspace.up}}'` : ''
  const only = workspace ? `--filter '{.}...'${tools} ` : ''
  return {
    name: 'pnpm',
    install: { run: `pnpm ${only}install --frozen-lockfile` },
    run: (script) => `pnpm run ${script}`,
    buildOther: (name) => `pnpm --filter ${name} run build`,
  }
}

/** Yarn 2 and newer install without node_modules unless the repository or a variable says so. */
function yarn(root: Folder, pack: Package, workspace: NodeWorkspace | null): Manager {
  const isModern = root.has('.yarnrc.yml') || /^yarn@[2-9]/.test(pack.packageManager)
  const focus = workspace && !workspace.hasTools ? '\nyarn workspaces focus\n' : ''
  const hasLinker = /^nodeLinker:/m.test(root.read('.yarnrc.yml'))
  return {
    name: 'yarn',
    install: isModern
      ? {
          run: `yarn install --immutable${focus}`,
          ...(hasLinker ? {} : { env: { YARN_NODE_LINKER: 'node-modules' } }),
        }
      : { run: 'yarn install --frozen-lockfile' },
    run: (script) => `yarn run ${script}`,
    buildOther: (name) => `yarn workspace ${name} run build`,
  }
}
