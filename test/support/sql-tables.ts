/** The tables that migrations create, in order of name. */
export const createdTables = (migrations: string[]): string[] =>
  migrations
    .flatMap((text) => [...text.matchAll(/^\s*create table (?:if not exists )?"?(\w+)"?/gim)])
    .map(([, name]) => name ?? '')
    .sort()

const name = String.raw`"?\w+"?(?:\s+(?:as\s+)?(?!(?:using|set|where|on|join|left|cross|returning)\b)\w+)?`
/** A list of `table alias, table alias` after a word that introduces tables. */
const listed = new RegExp(
  String.raw`\b(?:from|join|into|update|using|truncate|lock table)\s+(?:only\s+|lateral\s+)*(${name}(?:\s*,\s*${name})*)`,
  'gi',
)
const sequence = /pg_get_serial_sequence\('"?(\w+)"?'/gi
const commonTable =
  /(?:\bwith(?:\s+recursive)?|,)\s*(\w+)(?:\s*\([^()]*\))?\s+as\s+(?:not\s+)?(?:materialized\s+)?\(/gi

/**
 * The tables that a piece of SQL reads or writes, in order of name: each of `known` that follows
 * `from`, `join`, `into`, `update` or the like, or is the whole text, and that is not a common table
 * expression.
 */
export function tablesIn(text: string, known: ReadonlySet<string>): string[] {
  const common = new Set([...text.matchAll(commonTable)].map(([, name]) => name))
  const named = [
    ...[...text.replaceAll(/\bis (?:not )?distinct from\b/gi, '=').matchAll(listed)].flatMap(
      ([, list]) => (list ?? '').split(',').map((one) => one.trim().split(/\s/)[0] ?? ''),
    ),
    ...[...text.matchAll(sequence)].map(([, name]) => name ?? ''),
    text.trim(),
  ].map((name) => name.replaceAll('"', ''))
  return [...new Set(named)].filter((name) => known.has(name) && !common.has(name)).sort()
}

/** True for SQL that changes rows or tables. */
export const isWrite = (text: string): boolean =>
  /\b(?:insert\s+into|update\s+"?\w+"?(?:\s+\w+)?\s+set|delete\s+from|truncate|merge\s+into|create|alter|drop)\b/i.test(
    text,
  )

const sqlStart = String.raw`^\s*(?:select\s[^]*\bfrom\b|insert\s+into\s|update\s+\S+\s+set\s|delete\s+from\s|(?:create|alter|drop)\s+(?:table|schema|index|function|database|role)\s|with\s+\w+\s+as\s*\()`

/** True for text that can only be meant as SQL, in lower or in upper case; prose has a capital. */
export const isSql = (text: string): boolean =>
  new RegExp(sqlStart).test(text) ||
  (/^\s*[A-Z]{2}/.test(text) && new RegExp(sqlStart, 'i').test(text))
