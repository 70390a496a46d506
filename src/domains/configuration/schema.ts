import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import { withTimeLimit } from '#platform/time-limit.ts'

/** Why values are refused: the name, or null for all of them, and the end of a sentence. */
export interface SchemaProblem {
  name: string | null
  problem: string
}

const timeLimitMs = 1000

/** What a schema says of one name. */
export interface NameRule {
  isRequired: boolean
  /** `description` of the property, or null */
  description: string | null
}

/**
 * Checks the variables and secrets of an environment against a JSON Schema (draft 2020-12) for an
 * object of them. Texts are converted to the types that the schema names. `unread` are the names of
 * secrets whose values are not known here; only their presence counts. Throws an Error with the
 * problem when the schema is invalid.
 */
export function schemaProblems(
  schemaText: string,
  values: Record<string, string>,
  unread: readonly string[] = [],
): SchemaProblem[] {
  const schema = readSchema(schemaText)
  return withTimeLimit(timeLimitMs, 'the schema', () => {
    const ajv = new Ajv2020({ allErrors: true, coerceTypes: true, strict: false, logger: false })
    formats.default(ajv)
    const validate = ajv.compile(schema)
    const all = { ...values, ...Object.fromEntries(unread.map((name) => [name, ''])) }
    if (validate(all)) return []
    return (validate.errors ?? [])
      .map(toProblem)
      .filter(
        ({ name, problem }) =>
          name === null || !unread.includes(name) || problem === missing || problem === unknown,
      )
  })
}

/** The rule for a name, for people; null when the schema has none or cannot be read. */
export function ruleOf(schemaText: string, name: string): NameRule | null {
  try {
    const { properties, required } = readSchema(schemaText) as {
      properties?: Record<string, { description?: unknown }>
      required?: string[]
    }
    const property = Object.hasOwn(properties ?? {}, name) ? properties?.[name] : undefined
    const isRequired = required?.includes(name) ?? false
    if (property === undefined && !isRequired) return null
    const { description } = property ?? {}
    return { isRequired, description: typeof description === 'string' ? description : null }
  } catch {
    return null
  }
}

function readSchema(text: string): object {
  let schema: unknown
  try {
    schema = JSON.parse(text)
  } catch (error) {
    throw new Error(`it is not JSON: ${(error as Error).message}`, { cause: error })
  }
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema))
    throw new Error('it is not an object')
  return schema
}

const missing = 'is required and not set'
const unknown = 'is not a name that the schema allows'

/** Sentences of Ajv contain parts of the schema, never of the values. */
function toProblem({ instancePath, keyword, params, message }: ErrorObject): SchemaProblem {
  const given = params as { missingProperty?: string; additionalProperty?: string }
  if (keyword === 'required') return { name: given.missingProperty ?? null, problem: missing }
  if (keyword === 'additionalProperties')
    return { name: given.additionalProperty ?? null, problem: unknown }
  const [, name] = instancePath.split('/')
  const allowed = (params as { allowedValues?: unknown[] }).allowedValues
  const problem =
    allowed === undefined ? (message ?? 'is invalid') : `must be one of ${allowed.join(', ')}`
  return { name: name ?? null, problem }
}
