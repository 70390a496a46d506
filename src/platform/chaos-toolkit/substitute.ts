/** The values that `${NAME}` stands for: those of the configuration before those of secrets. */
export type Values = Readonly<Record<string, unknown>>

const whole = /^\$\{([_a-z][_a-z0-9]*)\}$/i
const inside = /\$(?:(\$)|\{([_a-z][_a-z0-9]*)\}|([_a-z][_a-z0-9]*))/gi

/** Replaces `${NAME}` everywhere; alone in a text it keeps the type of the value. */
export function substitute(data: unknown, values: Values): unknown {
  if (typeof data === 'string') return substituteText(data, values)
  if (Array.isArray(data)) return data.map((one) => substitute(one, values))
  if (typeof data !== 'object' || data === null) return data
  return Object.fromEntries(
    Object.entries(data).map(([key, one]) => [key, substitute(one, values)]),
  )
}

function substituteText(text: string, values: Values): unknown {
  const [, alone] = whole.exec(text) ?? []
  if (alone !== undefined && Object.hasOwn(values, alone)) return values[alone]
  return text.replaceAll(inside, (found, dollar?: string, braced?: string, plain?: string) => {
    if (dollar !== undefined) return '$'
    const name = braced ?? plain ?? ''
    return Object.hasOwn(values, name) ? String(values[name]) : found
  })
}

type Environment = Readonly<Record<string, string | undefined>>

/**
 * Reads the values of a configuration or of secrets. Throws one sentence when a variable is
 * missing, and when a kind of source is not known here.
 */
export function readValues(from: Readonly<Record<string, unknown>>, env: Environment): Values {
  return Object.fromEntries(
    Object.entries(from).map(([key, source]) => [key, readValue(key, source, env)]),
  )
}

function readValue(key: string, source: unknown, env: Environment): unknown {
  if (typeof source !== 'object' || source === null || !('type' in source)) return source
  const { type, key: name, default: fallback, env_var_type: kind } = source as Source
  if (type !== 'env')
    throw new Error(`${key}: values of the type ${String(type)} are not supported`)
  const value = env[String(name)] ?? fallback
  if (value === undefined) throw new Error(`${key}: the variable ${String(name)} is not set`)
  return converted(value, kind)
}

interface Source {
  type?: unknown
  key?: unknown
  default?: unknown
  env_var_type?: unknown
}

function converted(value: unknown, kind: unknown): unknown {
  if (typeof value !== 'string') return value
  if (kind === 'int' || kind === 'integer' || kind === 'float' || kind === 'number')
    return Number(value)
  if (kind === 'bool') return !['false', '0', 'no'].includes(value.toLowerCase())
  return kind === 'json' ? (JSON.parse(value) as unknown) : value
}
