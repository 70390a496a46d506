/** The first line of a reason after a colon, without its full stop; nothing where there is none. */
export const because = (reason: string | null | undefined): string => {
  const line = (reason?.split('\n')[0] ?? '').replace(/\.$/, '')
  return line === '' ? '' : `: ${line}`
}

/** A value in parentheses; nothing where there is none. */
export const inParentheses = (value: string | number | null | undefined): string =>
  value === undefined || value === null ? '' : ` (${value})`

export const shortSha = (sha: string): string => sha.slice(0, 7)

/** A share of 0 to 1 as a percentage with three digits. */
export const percent = (share: number): string => `${Number((share * 100).toPrecision(3))}%`

export const plural = (count: number, noun: string): string =>
  count === 1 ? `1 ${noun}` : `${count} ${noun}s`

export const capitalized = (text: string): string =>
  `${text.charAt(0).toUpperCase()}${text.slice(1)}`

/**
 * The package URL of an artifact, as CDEvents wants it:
 * https://github.com/package-url/purl-spec/blob/main/types-doc/oci-definition.md
 */
export const packageUrl = (app: string | null, digest: string | undefined): string =>
  `pkg:oci/${app ?? 'unknown'}${digest === undefined ? '' : `@${encodeURIComponent(digest)}`}`
