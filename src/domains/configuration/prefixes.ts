import { findSource, splitReference } from './references.ts'

/**
 * A reference or a prefix as the kind of its source and the parts of its place; null when a part
 * could leave the place, in clear text or encoded.
 */
function partsOf(reference: string): string[] | null {
  const { kind, place } = splitReference(reference)
  const source = findSource(kind)
  if (!source) return null
  const parts = source.parts(place).filter((part) => part !== '' && part !== '.')
  const isUnsafe = parts.some(
    (part) => part === '..' || /[\\\0-\x1f\x7f]|%(2e|2f|5c|25)/i.test(part),
  )
  return isUnsafe ? null : [kind, ...parts]
}

/** The problem with a prefix `KIND:START` in one sentence, or null. */
export function prefixProblem(prefix: string): string | null {
  if (!findSource(splitReference(prefix).kind))
    return `${prefix} must begin with the kind of a secret source, such as vault:`
  return partsOf(prefix) === null
    ? `${prefix} must not contain .., a backslash or encoded separators`
    : null
}

/**
 * Whether one of the prefixes covers a reference. Parts are compared, not characters, so `file:a/b`
 * covers `file:a/b/c` and not `file:a/bc`.
 */
export function isAllowed(reference: string, prefixes: readonly string[]): boolean {
  if (prefixes.includes(reference)) return true
  const wanted = partsOf(reference)
  if (wanted === null) return false
  return prefixes.some((prefix) => partsOf(prefix)?.every((part, i) => part === wanted[i]) ?? false)
}
