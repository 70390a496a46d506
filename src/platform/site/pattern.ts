/**
 * A path of `_headers` or `_redirects`: `:name` stands for one part of the path, and `*` for any
 * rest, which is called `splat`.
 */
export interface PathPattern {
  parts: string[]
  /** whether it ends with `*` */
  isOpen: boolean
}

/** Reads a pattern; a string is why it is not one. */
export function parsePattern(text: string): PathPattern | string {
  if (!text.startsWith('/')) return `\`${text}\` does not begin with \`/\``
  const star = text.indexOf('*')
  if (star !== -1 && star !== text.length - 1) return `\`${text}\` has \`*\` before its end`
  if (star !== -1 && text[star - 1] !== '/') return `\`*\` of \`${text}\` is not a part of its own`
  const parts = partsOf(star === -1 ? text : text.slice(0, -1))
  const names = parts.filter((part) => part.startsWith(':'))
  const wrong = names.find((name) => !/^:[A-Za-z]\w*$/.test(name) || name === ':splat')
  if (wrong !== undefined) return `\`${wrong}\` is not a name; use letters and digits`
  if (new Set(names).size < names.length) return `\`${text}\` uses a name twice`
  return { parts, isOpen: star !== -1 }
}

/**
 * What the names of a pattern stand for in a path, or null when the path does not match. A slash at
 * the end makes no difference.
 */
export function matchPattern(
  { parts, isOpen }: PathPattern,
  path: string,
): Map<string, string> | null {
  const given = partsOf(path)
  if (isOpen ? given.length < parts.length : given.length !== parts.length) return null
  const values = new Map<string, string>()
  for (const [index, part] of parts.entries()) {
    const value = given[index] ?? ''
    if (part.startsWith(':')) values.set(part.slice(1), value)
    else if (part !== value) return null
  }
  if (isOpen) values.set('splat', given.slice(parts.length).join('/'))
  return values
}

/** Puts values in the place of `:name`; a name without a value stays. */
export const fillPattern = (text: string, values: Map<string, string>): string =>
  text.replace(/:([A-Za-z]\w*)/g, (whole, name: string) => values.get(name) ?? whole)

const partsOf = (path: string): string[] => path.split('/').filter((part) => part !== '')
