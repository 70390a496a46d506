import { accessSync, constants, statSync } from 'node:fs'
import { isAbsolute, resolve } from 'node:path'
import type { CommandSpec } from '#platform/process/command.ts'

/** Why a command cannot be started: a missing folder or program. Null when nothing is missing. */
export function findProblem(
  spec: CommandSpec,
): { outcome: 'failed' | 'broken'; reason: string } | null {
  if (!statSync(spec.cwd, { throwIfNoEntry: false })?.isDirectory())
    return { outcome: 'broken', reason: `its folder ${spec.cwd} does not exist` }
  const missing = spec.tools.find((tool) => !isOnPath(tool, spec))
  return missing === undefined
    ? null
    : { outcome: 'failed', reason: `needs \`${missing}\`, which is not on the PATH` }
}

function isOnPath(tool: string, spec: CommandSpec): boolean {
  const folders = tool.includes('/') ? ['.'] : (spec.env['PATH'] ?? '').split(':')
  return folders.some((folder) => {
    const path = resolve(isAbsolute(folder) ? folder : resolve(spec.cwd, folder), tool)
    try {
      accessSync(path, constants.X_OK)
      return statSync(path).isFile()
    } catch {
      return false
    }
  })
}
