import { z } from 'zod'

/** Milliseconds of a duration such as `1.5h`; the text must match the pattern of `duration`. */
function parseDuration(text: string): number {
  const units = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const
  const match = /^([\d.]+)(ms|s|m|h)$/.exec(text)
  return match ? Number(match[1]) * units[match[2] as keyof typeof units] : 0
}

/**
 * A duration such as `30s`, `5m` or `1h`, or a number of seconds. The output is in milliseconds,
 * from `least` to 24 hours.
 */
export function duration(least: number) {
  const error = 'must be a duration such as 30s, 5m or 1h'
  return z
    .union([z.number(), z.string().regex(/^\d{1,9}(\.\d{1,3})?(ms|s|m|h)$/, error)], { error })
    .transform((value) => (typeof value === 'number' ? value * 1000 : parseDuration(value)))
    .pipe(
      z.number().min(least, `must be at least ${least}ms`).max(86_400_000, 'must be at most 24h'),
    )
}

/**
 * A duration such as `30m`, `60h` or `3d`, or a number of seconds. The output is in milliseconds,
 * from one minute to 31 days.
 */
export function longDuration() {
  const error = 'must be a duration such as 30m, 60h or 3d'
  return z
    .union([z.number(), z.string().regex(/^\d{1,6}(\.\d{1,3})?[mhd]$/, error)], { error })
    .transform((value) =>
      typeof value === 'number'
        ? value * 1000
        : Number(value.slice(0, -1)) *
          { m: 60_000, h: 3_600_000, d: 86_400_000 }[value.slice(-1) as 'm'],
    )
    .pipe(
      z
        .number()
        .min(60_000, 'must be at least 1m')
        .max(31 * 86_400_000, 'must be at most 31d'),
    )
}

/** Accepts a bare value for an object with the one key `key`, and null for an empty object. */
export function shorthand<S extends z.ZodType>(key: string | null, schema: S) {
  // A key that does not exist is refused also when it is empty.
  const isUnknown = (name: string): boolean =>
    schema instanceof z.ZodObject && schema.def.catchall !== undefined && !(name in schema.shape)
  const widen = (value: unknown): unknown => {
    if (value === null) return {}
    if (Array.isArray(value)) return key === null ? value : { [key]: value }
    if (typeof value === 'object')
      return Object.fromEntries(
        Object.entries(value).filter(([name, item]) => item !== null || isUnknown(name)),
      )
    return key === null || value === undefined ? value : { [key]: value }
  }
  return z.preprocess(widen, schema).meta({ shorthand: key })
}

const noNul = (text: string): boolean => !text.includes('\0')
export const text = z.string().refine(noNul, 'must not contain the character NUL')
/** `true` and `false` are commands, too. */
export const command = z.preprocess(
  (value) => (typeof value === 'boolean' ? String(value) : value),
  z
    .string()
    .trim()
    .min(1, 'must not be empty')
    .max(50_000, 'must be at most 50000 characters long')
    .refine(noNul, 'must not contain the character NUL'),
)
export const scalar = z
  .union([text, z.number(), z.boolean()], { error: 'must be text, a number, true or false' })
  .transform(String)
export const variableName = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]{0,199}$/, 'must be a variable name such as LOG_LEVEL')
export const variables = z.record(variableName, scalar)

const ofConnection = new Set([
  ...['connection', 'content-length', 'expect', 'keep-alive', 'te', 'trailer'],
  ...['transfer-encoding', 'upgrade'],
])
/** Headers of a request by name; those of its body and its connection are not allowed. */
export const headers = z.record(
  z
    .string()
    .regex(/^[\w!#$%&'*+.^`|~-]{1,100}$/, 'must be the name of a header, such as X-Probe')
    .refine(
      (name) => !ofConnection.has(name.toLowerCase()),
      'must not be a header of the connection or the body',
    ),
  scalar.pipe(
    z.string().regex(/^[\t -~\x80-\xff]{0,1000}$/, 'must be one line of at most 1000 characters'),
  ),
)

/** A list; accepts a single value for a list of one. */
export function listOf<S extends z.ZodType<string>>(item: S) {
  return z
    .preprocess((value) => (typeof value === 'string' ? [value] : value), z.array(item).max(1000))
    .meta({ shorthand: '' })
}

export const insidePath = z
  .string()
  .regex(
    /^(?!\/)(?!(.*\/)?\.\.(\/|$))[^\0]+$/,
    'must be a path inside the repository, relative to its root',
  )
export const pattern = text.min(1, 'must not be empty')
export const count = z.number().int().min(1).max(64)
