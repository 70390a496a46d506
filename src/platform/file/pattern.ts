import { posix } from 'node:path'

/**
 * One matcher for the keys of `fairlead.yaml` that take patterns; docs/patterns.md describes it.
 * The patterns come from strangers, so the time is bounded by the product of both lengths: the
 * libraries translate patterns to regular expressions, some of which take exponential time.
 */
export interface PathPattern {
  /** as it is written in the file */
  text: string
  /** Returns whether the pattern matches a path or one of the folders that contain it. */
  matches(path: string): boolean
  /** Returns whether a path below this folder can match. */
  mayLeadTo(folder: string): boolean
}

const limits = { length: 1000, alternatives: 100, inAKey: 1000 }

/** A pattern is too long, or its braces expand to too many alternatives. One sentence. */
export class PatternProblem extends Error {
  override name = 'PatternProblem'
}

/** Compiles the patterns of one key, which share a limit. Throws a PatternProblem. */
export function compilePatterns(texts: readonly string[]): PathPattern[] {
  let alternatives = 0
  return texts.map((text) => {
    const { pattern, count } = compile(text)
    alternatives += count
    if (alternatives > limits.inAKey)
      throw new PatternProblem(`the patterns have more than ${limits.inAKey} alternatives`)
    return pattern
  })
}

/** Returns whether one of the patterns matches. */
export const matchesAny = (patterns: readonly PathPattern[], path: string): boolean =>
  patterns.some((pattern) => pattern.matches(path))

/** Returns the patterns, as they are written, that match none of the paths. */
export const unmatched = (patterns: readonly PathPattern[], paths: readonly string[]): string[] =>
  patterns.filter((one) => !paths.some((path) => one.matches(path))).map(({ text }) => text)

function compile(text: string): { pattern: PathPattern; count: number } {
  if (text.length > limits.length)
    throw new PatternProblem(`a pattern is longer than ${limits.length} characters`)
  const literal = normalize(text)
  const globs = /[*?[{\\]/.test(literal)
    ? expandBraces(literal).map((one) => normalize(one).split('/'))
    : []
  const startsWith = (path: string): boolean =>
    literal === '.' || path === literal || path.startsWith(`${literal}/`)
  const pattern: PathPattern = {
    text,
    matches: (path) => startsWith(path) || globs.some((glob) => matchesPrefix(glob, path)),
    mayLeadTo: (folder) =>
      globs.length > 0 || startsWith(folder) || literal.startsWith(`${folder}/`),
  }
  return { pattern, count: Math.max(1, globs.length) }
}

const normalize = (text: string): string => posix.normalize(text).replace(/(.)\/+$/, '$1')

/** The alternatives of `{a,b}`; a brace without a comma is a plain character. */
function expandBraces(text: string): string[] {
  const done: string[] = []
  const queue = [text]
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const group = firstGroup(next)
    if (group === null) done.push(next)
    else
      for (const option of group.options)
        queue.push(next.slice(0, group.start) + option + next.slice(group.end))
    if (done.length + queue.length > limits.alternatives)
      throw new PatternProblem(
        `the braces of a pattern expand to more than ${limits.alternatives} alternatives`,
      )
  }
  return done
}

function firstGroup(text: string): { start: number; end: number; options: string[] } | null {
  for (let start = text.indexOf('{'); start >= 0; start = text.indexOf('{', start + 1)) {
    let depth = 0
    let from = start + 1
    const options: string[] = []
    for (let at = start; at < text.length; at += 1) {
      if (text[at] === '{') depth += 1
      if (text[at] === '}') depth -= 1
      const isEnd = depth === 0
      if (isEnd || (text[at] === ',' && depth === 1)) {
        options.push(text.slice(from, at))
        from = at + 1
      }
      if (!isEnd) continue
      if (options.length > 1) return { start, end: at + 1, options }
      break
    }
  }
  return null
}

/** Returns whether the segments of a pattern match the first segments of a path. */
function matchesPrefix(glob: string[], path: string): boolean {
  const segments = path.split('/')
  // reached[i]: the first i segments of the pattern match the segments so far.
  let reached = glob.map((_, i) => glob.slice(0, i).every((one) => one === '**'))
  reached.push(glob.every((one) => one === '**'))
  for (const segment of segments) {
    const next = reached.map(() => false)
    for (const [i, one] of glob.entries()) {
      if (one === '**') next[i] ||= reached[i] === true
      else if (reached[i] && matchesSegment(one, segment)) next[i + 1] = true
      if (one === '**' && next[i]) next[i + 1] = true
    }
    if (next[glob.length]) return true
    reached = next
  }
  return false
}

/** Matches `*`, `?`, `[a-z]` and `[!a]` in one segment; backtracks to the last `*` only. */
function matchesSegment(glob: string, text: string): boolean {
  let star = -1
  let retry = 0
  let g = 0
  for (let t = 0; t < text.length;) {
    if (glob[g] === '*') {
      star = g
      retry = t
      g += 1
      continue
    }
    const width = matchesOne(glob, g, text[t] ?? '')
    if (width > 0) {
      g += width
      t += 1
    } else if (star >= 0) {
      g = star + 1
      retry += 1
      t = retry
    } else return false
  }
  while (glob[g] === '*') g += 1
  return g === glob.length
}

/** The length of the part of the pattern that matches one character; 0 when it does not match. */
function matchesOne(glob: string, at: number, character: string): number {
  const one = glob[at]
  if (one === undefined) return 0
  if (one === '?') return 1
  if (one === '\\' && at + 1 < glob.length) return glob[at + 1] === character ? 2 : 0
  const end = one === '[' ? glob.indexOf(']', at + 2) : -1
  if (end < 0) return one === character ? 1 : 0
  const isNegated = glob[at + 1] === '!' || glob[at + 1] === '^'
  const set = glob.slice(at + (isNegated ? 2 : 1), end)
  return isInSet(set, character) === isNegated ? 0 : end + 1 - at
}

function isInSet(set: string, character: string): boolean {
  for (let i = 0; i < set.length; i += 1) {
    const last = set[i + 1] === '-' ? set[i + 2] : undefined
    if (last === undefined) {
      if (set[i] === character) return true
    } else {
      if (character >= (set[i] ?? '') && character <= last) return true
      i += 2
    }
  }
  return false
}
