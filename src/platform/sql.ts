import pg from 'pg'

/** A piece of SQL with its values. Built only by the `sql` tag, so that no value is ever pasted into text. */
export interface Statement {
  readonly text: string
  readonly values: readonly unknown[]
}

/** `sql\`select ${x}\``: values become parameters; a Statement inside becomes part of the text. */
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
  return { text, values }
}

/** Joins statements, for lists of conditions or columns. */
export function join(parts: readonly Statement[], separator: ', ' | ' and ' | ' or ' | ' '): Statement {
  return parts.reduce((sum, part) => (sum.text === '' ? part : sql`${sum}${{ text: separator, values: [] }}${part}`), {
    text: '',
    values: [],
  })
}

function isStatement(value: unknown): value is Statement {
  return (
    typeof value === 'object' && value !== null && 'text' in value && 'values' in value && Array.isArray(value.values)
  )
}

/**
 * The statement as one text with its values as literals, so that several can travel in one message and be one
 * transaction: a process that freezes after sending it can hold no lock open (see docs/decisions/0003).
 */
export function toLiteralText(statement: Statement): string {
  return statement.text.replace(/\$(\d+)/g, (_, n: string) => literal(statement.values[Number(n) - 1]))
}

function literal(value: unknown): string {
  if (value === null || value === undefined) return 'null'
  if (typeof value === 'number' || typeof value === 'bigint') return `'${value}'`
  if (typeof value === 'boolean') return value ? 'true' : 'false'
  if (value instanceof Date) return pg.escapeLiteral(value.toISOString())
  if (Buffer.isBuffer(value)) return `'\\x${value.toString('hex')}'`
  if (Array.isArray(value)) return `array[${value.map(literal).join(',')}]`
  if (typeof value === 'object') return pg.escapeLiteral(withoutNul(JSON.stringify(value)))
  return pg.escapeLiteral(withoutNul(String(value)))
}

/** PostgreSQL's text cannot hold U+0000; it becomes U+FFFD. JSON writes it as an escape. */
function withoutNul(text: string): string {
  return text.replaceAll('\u0000', '\uFFFD').replaceAll(String.raw`\u0000`, String.raw`\ufffd`)
}
