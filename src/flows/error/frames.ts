import type { Frame, ShownFrame } from '#contract/error/error.ts'
import { blameLine } from '#platform/git/blame.ts'
import { listTree, readFileAt } from '#platform/git/tree.ts'

/** Own frames whose source is read, and lines before and after the line of a frame. */
const limits = { frames: 6, around: 4, characters: 300 }

/** The commit that an event ran, and the one that was live before it. */
export interface Releases {
  /** the bare repository */
  bare: string
  sha: string
  former: string | null
}

/** Frames with their place in the repository, source lines, and the new commits of their lines. */
export async function showFrames(
  frames: Frame[],
  releases: Releases | null,
): Promise<ShownFrame[]> {
  const files = releases ? await listTree(releases.bare, releases.sha).catch(() => []) : []
  const found = new Map(files.length > 0 ? pathsOf(frames, files) : [])
  const wanted = [...found.keys()].slice(0, limits.frames)
  return Promise.all(
    frames.map(async (frame) => {
      const path = found.get(frame) ?? null
      const unknown = { ...frame, path, source: null, changedBy: null }
      if (path === null || frame.line === null || !releases || !wanted.includes(frame))
        return unknown
      const { bare, sha, former } = releases
      const text = await readFileAt(bare, sha, path)
      return {
        ...unknown,
        source: text === null ? null : linesAround(text, frame.line),
        changedBy: await blameLine(bare, { path, line: frame.line, sha, since: former }),
      }
    }),
  )
}

function linesAround(text: string, line: number): ShownFrame['source'] {
  const from = Math.max(1, line - limits.around)
  const lines = text.split('\n').slice(from - 1, line + limits.around)
  return { from, lines: lines.map((one) => one.slice(0, limits.characters)) }
}

const pathsOf = (frames: Frame[], files: string[]): [Frame, string][] =>
  frames.flatMap((frame): [Frame, string][] => {
    const path = frame.isOwn && frame.file !== null ? findPath(frame.file, files) : null
    return path === null ? [] : [[frame, path]]
  })

/**
 * The file of the repository that a trace names: the same path, or the only one with the longest
 * common end. Null when no file has the name, or several are as likely.
 */
export function findPath(file: string, files: string[]): string | null {
  if (files.includes(file)) return file
  const wanted = file.split('/').toReversed()
  let best: { path: string; length: number } | null = null
  let isUnique = true
  for (const path of files) {
    const parts = path.split('/').toReversed()
    const differs = parts.findIndex((part, i) => part !== wanted[i])
    const length = differs === -1 ? parts.length : differs
    if (length === 0) continue
    if (best && length === best.length) isUnique = false
    if (!best || length > best.length) {
      best = { path, length }
      isUnique = true
    }
  }
  return best && isUnique ? best.path : null
}
