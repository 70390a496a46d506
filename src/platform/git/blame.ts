import { git, GitError } from './git.ts'

export interface BlamedCommit {
  sha: string
  author: string
  email: string
  subject: string
}

/**
 * The commit that last changed a line, if it is one of `sha` that is not in `since`. Null when an
 * older commit did, or when git cannot tell.
 */
export async function blameLine(
  bare: string,
  { path, line, sha, since }: { path: string; line: number; sha: string; since: string | null },
): Promise<BlamedCommit | null> {
  const range = since === null ? sha : `${since}..${sha}`
  try {
    const { stdout } = await git(bare, [
      ...['blame', '--porcelain', '-w', '-L', `${line},${line}`, range, '--', path],
    ])
    return readPorcelain(stdout)
  } catch (error) {
    if (error instanceof GitError) return null
    throw error
  }
}

/** Reads one entry of `git blame --porcelain`; null for a line that is older than the range. */
function readPorcelain(text: string): BlamedCommit | null {
  const lines = text.split('\n')
  const field = (name: string): string =>
    lines.find((line) => line.startsWith(`${name} `))?.slice(name.length + 1) ?? ''
  const sha = /^\^?([0-9a-f]{40,64}) /.exec(lines[0] ?? '')?.[1]
  if (sha === undefined || lines.includes('boundary')) return null
  return {
    sha,
    author: field('author').slice(0, 200),
    email: field('author-mail').replace(/^<|>$/g, '').slice(0, 200),
    subject: field('summary').slice(0, 500),
  }
}
