import type { DiffFile, DiffLine } from '#contract/change/diff.ts'
import { git } from './git.ts'

/** The empty tree, which git knows without storing it. */
const emptyTree = '4b825dc642cb6eb9a060e54bf8d69288fbee4904'

/**
 * Returns the changes between two commits as git's diff with `context` lines; without a base, every
 * file is new. Null when a commit is missing or the diff is larger than 64 MB. Renamed files are
 * compared with their former path.
 */
export async function diff(
  repository: string,
  base: string | null,
  sha: string,
  options: { context?: number; signal?: AbortSignal } = {},
): Promise<DiffFile[] | null> {
  const how = [
    '--no-color',
    '--no-ext-diff',
    '--no-textconv',
    '--find-renames',
    '--src-prefix=a/',
    '--dst-prefix=b/',
  ]
  const args = ['diff', ...how, `--unified=${options.context ?? 0}`, base ?? emptyTree, sha, '--']
  const answer = await git(repository, ['-c', 'core.quotePath=false', ...args], {
    ...(options.signal ? { signal: options.signal } : {}),
  }).catch((error: unknown) => {
    if (options.signal?.aborted) throw error
    return null
  })
  return answer && parseDiff(answer.stdout)
}

/** Returns the added or altered lines of each file, counted from 1. */
export const touchedLines = (files: DiffFile[]): Map<string, Set<number>> =>
  new Map(
    files
      .filter(({ status }) => status !== 'removed')
      .map(({ path, hunks }) => {
        const added = hunks.flatMap(({ lines }) => lines.filter(({ kind }) => kind === 'added'))
        return [path, new Set(added.map(({ line }) => line ?? 0))]
      }),
  )

const hunkLine = /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@ ?(.*)$/
const kinds: Record<string, DiffLine['kind']> = { '+': 'added', '-': 'removed', ' ': 'same' }

export function parseDiff(text: string): DiffFile[] {
  const files: DiffFile[] = []
  let at = { before: 0, line: 0, oldLeft: 0, newLeft: 0 }
  for (const line of text.split('\n')) {
    const file = files.at(-1)
    const lines = file?.hunks.at(-1)?.lines
    const kind = kinds[line[0] ?? '']
    // Text inside a hunk can look like a header.
    if (file && lines && kind && (at.oldLeft > 0 || at.newLeft > 0)) {
      const [isNew, isOld] = [kind !== 'removed', kind !== 'added']
      lines.push({
        kind,
        text: line.slice(1),
        line: isNew ? at.line : null,
        before: isOld ? at.before : null,
      })
      if (kind === 'added') file.added += 1
      if (kind === 'removed') file.removed += 1
      at = {
        before: at.before + Number(isOld),
        line: at.line + Number(isNew),
        oldLeft: at.oldLeft - Number(isOld),
        newLeft: at.newLeft - Number(isNew),
      }
      continue
    }
    const found = hunkLine.exec(line)
    if (file && found) {
      const [, before, oldCount = '1', now, newCount = '1', heading = ''] = found
      at = {
        before: Number(before),
        line: Number(now),
        oldLeft: Number(oldCount),
        newLeft: Number(newCount),
      }
      file.hunks.push({ heading, lines: [] })
    } else readHeader(files, line)
  }
  return files
}

function readHeader(files: DiffFile[], line: string): void {
  const file = files.at(-1)
  if (line.startsWith('diff --git ')) {
    const path = sameName(line.slice(11))
    files.push({
      path,
      before: path,
      status: 'changed',
      isBinary: false,
      added: 0,
      removed: 0,
      hunks: [],
    })
  } else if (!file || file.hunks.length > 0) return
  else if (line.startsWith('new file mode')) Object.assign(file, { status: 'added', before: null })
  else if (line.startsWith('deleted file mode')) file.status = 'removed'
  else if (line.startsWith('rename from '))
    Object.assign(file, { status: 'renamed', before: unquote(line.slice(12)) })
  else if (line.startsWith('rename to ')) file.path = unquote(line.slice(10))
  else if (line.startsWith('Binary files ')) file.isBinary = true
  else if (line.startsWith('--- ') || line.startsWith('+++ ')) {
    const path = unquote(line.slice(4).replace(/\t$/, ''))
    if (path === '/dev/null') return
    if (line.startsWith('+++ ')) file.path = path.slice(2)
    else file.before = path.slice(2)
  }
}

/** Reads `a/NAME b/NAME`. Other names follow on lines of their own. */
function sameName(text: string): string {
  if (text.startsWith('"')) return unquote(/^"(?:[^"\\]|\\.)*"/.exec(text)?.[0] ?? text).slice(2)
  return text.slice(2, (text.length - 1) / 2)
}

/** git quotes paths with special characters like C strings. */
function unquote(path: string): string {
  if (!path.startsWith('"')) return path
  const bytes: number[] = []
  const escapes: Record<string, number> = { n: 10, t: 9, r: 13, a: 7, b: 8, f: 12, v: 11 }
  const inner = Buffer.from(path.slice(1, -1), 'utf8').toString('latin1')
  for (const [, escaped, octal, plain] of inner.matchAll(
    /\\(?:([abfnrtv"\\])|([0-7]{3}))|([^\\])/g,
  )) {
    if (plain !== undefined) bytes.push(plain.charCodeAt(0))
    else if (octal !== undefined) bytes.push(Number.parseInt(octal, 8))
    else bytes.push(escapes[escaped ?? ''] ?? (escaped ?? '').charCodeAt(0))
  }
  return Buffer.from(bytes).toString('utf8')
}
