import pg from 'pg'

const brand = Symbol('statement')

/**
 * SQL text with its parameters `$1`, `$2` … and their values. Only the `sql` tag and `raw` make
 * one: the brand is a symbol, so no object parsed from JSON can pass for a statement.
 */
export interface Statement {
  readonly [brand]: true
  readonly text: string
  readonly values: readonly unknown[]
}

/** A statement from text that a program wrote; for the database's own tools, never for input. */
export const raw = (text: string, values: readonly unknown[] = []): Statement => ({
  [brand]: true,
  text,
  values,
})

/** `sql\`select ${x}\``: a value becomes a parameter, a statement becomes part of the text. */
export function sql(strings: TemplateStringsArray, ...inputs: readonly unknown[]): Statement {
  let text = strings[0] ?? ''
  const values: unknown[] = []
  inputs.forEach((input, i) => {
    if (isStatement(input)) {
      text += input.text.replace(/\$(\d+)/g, (_, n: string) => `$${Number(n) + values.length}`)
      values.push(...input.values)
    } else {
      values.push(input)
      text += `$${values.length}`
    }
    text += strings[i + 1] ?? ''
  })
  return raw(text, values)
}

/** Joins statements, for lists of conditions or columns. */
export function join(
  parts: readonly Statement[],
  separator: ', ' | ' and ' | ' or ' | ' ',
): Statement {
  return parts.reduce(
    (sum, part) => (sum.text === '' ? part : sql`${sum}${raw(separator)}${part}`),
    raw(''),
  )
}

const isStatement = (value: unknown): value is Statement =>
  typeof value === 'object' && value !== null && brand in value

/**
 * The statement as one text with its values as literals, so that several can travel in one message
 * and be one transaction: a process that freezes after sending it can hold no lock open (see
 * docs/decisions/0003).
 */
export function toLiteralText(statement: Statement): string {
  if (statement.values.length === 0) return statement.text
  return statement.text.replace(/\$(\d+)/g, (_, n: string) =>
    literal(statement.values[Number(n) - 1]),
  )
}

function literal(value: unknown): string {
  if (value === null || value === undefined) return 'null'
  if (typeof value === 'number' || typeof value === 'bigint') return `'${value}'`
  if (typeof value === 'boolean') return value ? 'true' : 'false'
  if (value instanceof Date) return pg.escapeLiteral(value.toISOString())
  if (Buffer.isBuffer(value)) return `'\\x${value.toString('hex')}'`
  if (Array.isArray(value)) return pg.escapeLiteral(arrayText(value))
  return pg.escapeLiteral(String(toParameter(value)))
}

/**
 * The value as the driver takes it: JSON as text, arrays of scalars as PostgreSQL arrays, and only
 * text that PostgreSQL can hold.
 */
export function toParameter(value: unknown): unknown {
  if (typeof value === 'string') return holdable(value)
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Date || Buffer.isBuffer(value)) return value
  if (Array.isArray(value)) return value.map(toParameter)
  return toJson(value)
}

/**
 * JSON without what PostgreSQL's JSON cannot hold: U+0000 and halves of surrogate pairs become
 * U+FFFD.
 */
export function toJson(value: unknown): string {
  const text = JSON.stringify(value ?? null)
  return text.replace(/\\(u0000|ud[89a-f][0-9a-f]{2}|.)/g, (all, escaped: string) =>
    escaped.length > 1 ? String.raw`\ufffd` : all,
  )
}

const holdable = (text: string): string => text.toWellFormed().replaceAll('\0', '\uFFFD')

/** `{"a","b"}`: as text it takes the type that the place wants, like a parameter does. */
function arrayText(values: readonly unknown[]): string {
  const items = values.map((value) => {
    if (value === null || value === undefined) return 'null'
    if (Array.isArray(value)) return arrayText(value)
    const text = value instanceof Date ? value.toISOString() : String(toParameter(value))
    return `"${text.replace(/["\\]/g, String.raw`\$&`)}"`
  })
  return `{${items.join(',')}}`
}
