import { git } from '#platform/git.ts'

/**
 * The lines of each file, from 1, that a change added or altered, by git's own diff; null when git cannot say, because one of the commits is
 * no longer there. Renamed files are compared with what they were.
 */
export async function changedLines(bare: string, base: string, sha: string): Promise<Map<string, Set<number>> | null> {
  const options = [
    '--no-color',
    '--no-ext-diff',
    '--no-textconv',
    '--unified=0',
    '--find-renames',
    '--src-prefix=a/',
    '--dst-prefix=b/',
  ]
  const diff = await git(bare, ['-c', 'core.quotePath=false', 'diff', ...options, base, sha, '--']).catch(() => null)
  return diff && parseDiff(diff.stdout)
}

const hunk = /^@@ -\S+ \+(\d+)(?:,(\d+))? @@/

export function parseDiff(text: string): Map<string, Set<number>> {
  const files = new Map<string, Set<number>>()
  let lines: Set<number> | null = null
  let left = 0
  for (const line of text.split('\n')) {
    // What is within a hunk may look like anything.
    if (left > 0 && (line.startsWith('+') || line.startsWith('-') || line.startsWith('\\'))) {
      if (!line.startsWith('\\')) left -= 1
      continue
    }
    if (line.startsWith('+++ ')) {
      const path = unquote(line.slice(4).replace(/\t$/, ''))
      lines = path === '/dev/null' ? null : new Set()
      if (lines) files.set(path.slice(2), lines)
    }
    const found = hunk.exec(line)
    if (!found) continue
    const [from, count] = [Number(found[1]), Number(found[2] ?? 1)]
    const removed = Number(/^@@ -\d+(?:,(\d+))?/.exec(line)?.[1] ?? 1)
    left = count + removed
    for (let at = from; at < from + count; at += 1) lines?.add(at)
  }
  return files
}

/** git quotes paths with special characters as C does. */
function unquote(path: string): string {
  if (!path.startsWith('"')) return path
  const bytes: number[] = []
  const escapes: Record<string, number> = { n: 10, t: 9, r: 13, a: 7, b: 8, f: 12, v: 11 }
  const inner = Buffer.from(path.slice(1, -1), 'utf8').toString('latin1')
  for (const [, escaped, octal, plain] of inner.matchAll(/\\(?:([abfnrtv"\\])|([0-7]{3}))|([^\\])/g)) {
    if (plain !== undefined) bytes.push(plain.charCodeAt(0))
    else if (octal !== undefined) bytes.push(Number.parseInt(octal, 8))
    else bytes.push(escapes[escaped ?? ''] ?? (escaped ?? '').charCodeAt(0))
  }
  return Buffer.from(bytes).toString('utf8')
}
