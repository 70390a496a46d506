import { z } from 'zod'

const variable = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be a name of letters, digits and _')

/** How a fault changes the variables that instances start with; no value of theirs is in it. */
export const variableChange = z.strictObject({
  set: z.record(variable, z.string().max(10_000)).default({}),
  unset: z.array(variable).max(100).default([]),
  /** variables that get a wrong value of the same length */
  wrong: z.array(variable).max(100).default([]),
  /** a variable with the address of a dependency, which leads to that address and port instead */
  through: z.strictObject({ variable, address: z.string(), port: z.number().int() }).optional(),
})
export type VariableChange = z.infer<typeof variableChange>

/** The variables as a fault changes them. `random` returns numbers from 0 to 1. */
export function changeVariables(
  env: Readonly<Record<string, string>>,
  { set, unset, wrong, through }: VariableChange,
  random: () => number,
): Record<string, string> {
  const left = Object.entries({ ...env, ...set }).filter(([name]) => !unset.includes(name))
  return Object.fromEntries(
    left.map(([name, value]) => {
      if (wrong.includes(name)) return [name, wrongValue(value, random)]
      if (through?.variable !== name) return [name, value]
      const found = addressIn(value)
      const changed = found && `${found.before}${through.address}:${through.port}${found.after}`
      return [name, changed ?? value]
    }),
  )
}

const letters = 'abcdefghijklmnopqrstuvwxyz0123456789'

/** Letters and digits of the same length; other characters stay. */
const wrongValue = (value: string, random: () => number): string =>
  value.replaceAll(/[A-Za-z0-9]/g, (old) => {
    const others = letters.replace(old.toLowerCase(), '')
    return others.charAt(Math.floor(random() * others.length))
  })

/** The ports of schemes whose addresses may have none. */
const usualPorts: Readonly<Record<string, number>> = {
  ...{ postgres: 5432, postgresql: 5432, mysql: 3306, mariadb: 3306, redis: 6379 },
  ...{ amqp: 5672, mongodb: 27017, nats: 4222, smtp: 25, http: 80 },
}

const withTls = /^(?:https|rediss|amqps|smtps|mqtts|tls|ssl|.*\+srv)$/

/** An address in a text, and what is before and after it. */
interface Found {
  host: string
  port: number
  before: string
  after: string
}

/**
 * Finds the address in `HOST:PORT` or in a URL with or without a port; null when there is no single
 * one, or when it is of a scheme with TLS, whose certificate is for another name than 127.0.0.1.
 */
export function addressIn(value: string): Found | null {
  const [, scheme] = /^([a-z][a-z0-9+]*):\/\//.exec(value) ?? []
  const start = scheme === undefined ? 0 : scheme.length + 3
  const rest = value.slice(start)
  const end = scheme === undefined ? rest.length : (/[/?#]/.exec(rest)?.index ?? rest.length)
  const authority = rest.slice(0, end)
  const at = authority.lastIndexOf('@') + 1
  const [, host = '', port] =
    /^(\[[0-9a-fA-F:.]+\]|[^:,\s]+)(?::(\d{1,5}))?$/.exec(authority.slice(at)) ?? []
  const number = port === undefined ? usualPorts[scheme ?? ''] : Number(port)
  if (host === '' || number === undefined || number > 65_535) return null
  if (withTls.test(scheme ?? '')) return null
  return {
    ...{ host: host.replaceAll(/^\[|\]$/g, ''), port: number },
    ...{ before: value.slice(0, start + at), after: rest.slice(end) },
  }
}
