import { statSync } from 'node:fs'
import { dirname } from 'node:path'

/**
 * Returns the folders from `path` upwards that block an unprivileged user whose group has the same
 * number; nearest first.
 */
export function barriers(path: string, uid: number): string[] {
  const here = passes(path, uid) ? [] : [path]
  const parent = dirname(path)
  return parent === path ? here : [...here, ...barriers(parent, uid)]
}

export function canReach(path: string, uid: number): boolean {
  return barriers(path, uid).length === 0
}

function passes(folder: string, uid: number): boolean {
  const stat = statSync(folder)
  if (stat.uid === uid) return (stat.mode & 0o100) !== 0
  if (stat.gid === uid) return (stat.mode & 0o010) !== 0
  return (stat.mode & 0o001) !== 0
}
