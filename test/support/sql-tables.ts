const created =
  /^\s*create table (?:if not exists )?"?(\w+)"?|^\s*alter table "?(\w+)"? rename to "?(\w+)"?/gim

/** The tables that exist after migrations, which are in their order; in order of name. */
export function createdTables(migrations: string[]): string[] {
  const tables = new Set<string>()
  for (const text of migrations)
    for (const [, name, from = '', to = ''] of text.matchAll(created)) {
      tables.delete(from)
      tables.add(name ?? to)
    }
  return [...tables].sort()
}

const notAlias = 'using|set|where|on|join|left|cross|returning'
const table = String.raw`"?\w+"?(?:\s+(?:as\s+)?(?!(?:${notAlias})\b)\w+)?`
const introduction = String.raw`\b(?:from|join|into|update|using|truncate|lock table)\s+`
/** A list of `table alias, table alias` after a word that introduces tables. */
const listed = new RegExp(
  String.raw`${introduction}(?:only\s+|lateral\s+)*(${table}(?:\s*,\s*${table})*)`,
  'gi',
)
const sequence = /pg_get_serial_sequence\('"?(\w+)"?'/gi
const commonTable = new RegExp(
  String.raw`(?:\bwith(?:\s+recursive)?|,)\s*(\w+)(?:\s*\([^()]*\))?` +
    String.raw`\s+as\s+(?:not\s+)?(?:materialized\s+)?\(`,
  'gi',
)

/**
 * The tables that a piece of SQL reads or writes, in order of name: each of `known` that follows
 * `from`, `join`, `into`, `update` or the like, or is the whole text, and that is not a common
 * table expression.
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

const writes = [
  String.raw`insert\s+into`,
  String.raw`update\s+"?\w+"?(?:\s+\w+)?\s+set`,
  String.raw`delete\s+from`,
  String.raw`merge\s+into`,
  ...['truncate', 'create', 'alter', 'drop'],
]

/** True for SQL that changes rows or tables. */
export const isWrite = (text: string): boolean =>
  new RegExp(String.raw`\b(?:${writes.join('|')})\b`, 'i').test(text)

const starts = [
  String.raw`select\s[^]*\bfrom\b`,
  String.raw`insert\s+into\s`,
  String.raw`update\s+\S+\s+set\s`,
  String.raw`delete\s+from\s`,
  String.raw`(?:create|alter|drop)\s+(?:table|schema|index|function|database|role)\s`,
  String.raw`with\s+\w+\s+as\s*\(`,
]
const start = String.raw`^\s*(?:${starts.join('|')})`

/** True for text that can only be meant as SQL, in lower or in upper case; prose has a capital. */
export const isSql = (text: string): boolean =>
  new RegExp(start).test(text) || (/^\s*[A-Z]{2}/.test(text) && new RegExp(start, 'i').test(text))
