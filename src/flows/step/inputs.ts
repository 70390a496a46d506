import { createHash } from 'node:crypto'
import { createReadStream, fstatSync } from 'node:fs'
import { readlink, realpath } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { LeadsOut, openInside } from '#platform/file/inside.ts'
import { listMatching } from '#platform/file/matching.ts'
import { compilePatterns, unmatched } from '#platform/file/pattern.ts'

/** Limits of the files of one step; sparse files count with their apparent size. */
const limits = { files: 200_000, bytes: 4 * 1024 ** 3 }

/** A line of path, hash and executable bits per file, or why the content cannot be determined. */
export type Contents = { problem: null; lines: string[] } | { problem: string; lines?: never }

/**
 * The content of the files that match the patterns, sorted by path. Reads them in pieces, and only
 * inside `workspace`: a link that leads out or to a folder is a problem. A pattern without a file
 * is a problem, too, because a typo must not count as unchanged.
 */
export async function readContents(
  { folder, workspace }: { folder: string; workspace: string },
  patterns: readonly string[],
  { bytes = limits.bytes }: { bytes?: number } = {},
): Promise<Contents> {
  const compiled = compilePatterns(patterns)
  const paths = await listMatching(folder, compiled, ['.git']).catch(() => null)
  if (paths === null) return { problem: 'a folder of the step cannot be read' }
  if (paths.length > limits.files)
    return { problem: `the patterns match more than ${limits.files} files` }
  const [unused] = unmatched(compiled, paths)
  if (unused !== undefined) return { problem: `the pattern "${unused}" matches no file` }
  const root = await realpath(workspace)
  const lines: string[] = []
  let left = bytes
  for (const path of paths) {
    const read = await readFacts(folder, root, path, left)
    if (read.problem !== null) return read
    left -= read.size
    lines.push(read.line)
  }
  return { problem: null, lines }
}

async function readFacts(
  folder: string,
  workspace: string,
  path: string,
  left: number,
): Promise<{ problem: null; line: string; size: number } | { problem: string }> {
  try {
    const target = await readlink(join(folder, path)).catch(() => '')
    const real = await realpath(join(folder, path))
    if (!real.startsWith(workspace + sep))
      return { problem: `"${path}" leads out of the workspace` }
    const fd = openInside(workspace, relative(workspace, real))
    const { size, mode } = fstatSync(fd)
    const stream = createReadStream('', { fd, highWaterMark: 1024 * 1024 })
    if (size > left) {
      stream.destroy()
      return { problem: `"${path}" exceeds the limit of ${limits.bytes / 1024 ** 3} GB` }
    }
    const sum = createHash('sha256')
    let seen = 0
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      seen += chunk.length
      if (seen > left) return { problem: `"${path}" grows while it is read` }
      sum.update(chunk)
    }
    return {
      problem: null,
      line: `${path} ${target} ${sum.digest('hex')} ${mode & 0o111}`,
      size: seen,
    }
  } catch (error) {
    if (error instanceof LeadsOut) return { problem: `"${path}" is not a file of the workspace` }
    return { problem: `"${path}" cannot be read (${(error as NodeJS.ErrnoException).code})` }
  }
}
