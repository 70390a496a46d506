import { fstatSync, statSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { isHidden } from '#platform/site/files.ts'
import { LeadsOut, openInside, realInside } from '#platform/file/inside.ts'

/** An open file of a site. The receiver closes the descriptor. */
export interface SiteFile {
  fd: number
  /** The path below the site, with all links followed. */
  path: string
  size: number
  modified: Date
}

/** Opens a file of a site; null when it does not exist, is hidden, or is outside the site. */
export type Site = (path: string) => SiteFile | null

/**
 * A folder of an artifact whose files are served. Links are followed only inside the folder. Throws
 * one sentence when the artifact does not contain the folder.
 */
export function openSite(artifact: string, folder: string): Site {
  const { root, path: top } = realFolder(artifact, folder)
  return (path) => {
    try {
      const { path: real } = realInside(root, join(top, path))
      const way = relative(top, real)
      if (way.startsWith(`..${sep}`) || isHidden(way)) return null
      // A link that appears after this check is not followed.
      const fd = openInside(root, real)
      const { size, mtime } = fstatSync(fd)
      return { fd, path: way, size, modified: mtime }
    } catch (error) {
      if (error instanceof LeadsOut || isMissing(error)) return null
      throw error
    }
  }
}

function realFolder(artifact: string, folder: string): { root: string; path: string } {
  try {
    const real = realInside(artifact, folder)
    if (statSync(join(real.root, real.path)).isDirectory()) return real
  } catch (error) {
    if (error instanceof LeadsOut)
      throw new Error(`its folder ${folder} leads out of the artifact`, { cause: error })
    if (!isMissing(error)) throw error
  }
  throw new Error(`its folder ${folder} is not in the artifact`)
}

const missing = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG', 'EACCES', 'ENXIO'])
const isMissing = (error: unknown): boolean =>
  missing.has((error as NodeJS.ErrnoException).code ?? '')
