import { findWorkspace } from '#platform/workspace/workspace.ts'
import type { Proposal, ProposedService, ProposedStep } from './detector.ts'
import type { Folder } from './folder.ts'
import { withProgramsAbove } from './node-workspace.ts'

/**
 * The proposal for the root of a workspace, with the services of its members. Takes the steps of
 * members where the root has no step of that name; modules are installed at the root.
 */
export function withMembers(folder: Folder, root: Proposal, parts: Proposal): Proposal {
  const names = root.steps.map(({ name }) => name)
  const steps = parts.steps.filter(({ name, run }) => {
    const kind = kindOf(name)
    return (
      !['install', 'audit'].includes(kind) && !names.includes(kind) && !/install|^npm ci/.test(run)
    )
  })
  const isPnpm = folder.has('pnpm-lock.yaml')
  const programs = (service: ProposedService): ProposedService =>
    isPnpm || service.directory === undefined
      ? service
      : withProgramsAbove(service, service.directory.replace(/[^/]+/g, '..'))
  const first = names.includes('install') ? ['install'] : []
  return {
    ...root,
    steps: [...root.steps, ...inOrder(folder, steps, first)],
    services: parts.services.map(programs),
    found: [
      ...root.found.filter((one) => !one.startsWith('Nothing in')),
      ...parts.found.filter((one) => !one.includes('/package.json: Node, with')),
    ],
  }
}

const kindOf = (name: string): string => name.split('-').at(-1) ?? ''

/** Members are built in parallel, but each after the packages that it needs. */
function inOrder(folder: Folder, steps: ProposedStep[], first: string[]): ProposedStep[] {
  const neededBy = (directory: string): string[] =>
    (findWorkspace(directory, folder)?.packages ?? []).map((one) => one.folder)
  const buildsFor = (directory: string): string[] =>
    steps
      .filter((one) => one.directory !== undefined && kindOf(one.name) === 'build')
      .filter(({ directory: other = '' }) => neededBy(directory).includes(other))
      // Two packages that need each other have no order.
      .filter(({ directory: other = '' }) => !neededBy(other).includes(directory))
      .map(({ name }) => name)
  const names = new Set(steps.map(({ name }) => name))
  return steps.map((step, i) => {
    const above = steps[i - 1]
    const line = step.needs ?? (above?.directory === step.directory && above ? [above.name] : [])
    const needs = [
      ...line.filter((name) => names.has(name)),
      ...(step.directory === undefined ? [] : buildsFor(step.directory)),
    ]
    return { ...step, needs: needs.length > 0 ? needs : first }
  })
}
