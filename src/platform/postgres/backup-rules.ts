import { z } from 'zod'
import type { Table } from './backup-format.ts'

const table = z.object({
  name: z.string(),
  columns: z.array(z.object({ name: z.string(), type: z.string() })).min(1),
})
const sequence = z.object({ name: z.string(), value: z.number().int().min(1) })

/**
 * The problem with a table in a backup, or null. Names and types become SQL text, and a file can
 * come from anywhere: only the tables, columns and types of the schema itself are accepted.
 */
export function tableProblem(given: unknown, schema: readonly Table[]): string | null {
  const read = table.safeParse(given)
  if (!read.success) return 'a table has no valid description'
  const { name, columns } = read.data
  const own = schema.find((one) => one.name === name)
  if (!own) return `it has the table ${name}, which Fairlead does not have`
  const names = new Set(columns.map((column) => column.name))
  if (names.size < columns.length) return `its table ${name} has a column twice`
  const odd = columns.find(
    (column) => !own.columns.some((is) => is.name === column.name && is.type === column.type),
  )
  return odd === undefined
    ? null
    : `its table ${name} has the column ${odd.name} of the type ${odd.type}, which Fairlead ` +
        'does not have'
}

/** The problem with a sequence in a backup, or null. */
export function sequenceProblem(given: unknown, names: readonly string[]): string | null {
  const read = sequence.safeParse(given)
  if (!read.success) return 'a sequence has no valid description'
  return names.includes(read.data.name)
    ? null
    : `it has the sequence ${read.data.name}, which Fairlead does not have`
}
