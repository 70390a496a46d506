import type { Tolerance } from './experiment.ts'

/** A tolerance that this module judges; the Chaos Toolkit itself judges the others. */
export type OwnTolerance = Exclude<Tolerance, { type: 'jsonpath' | 'probe' }>

export const isOwn = (tolerance: Tolerance): tolerance is OwnTolerance =>
  typeof tolerance !== 'object' ||
  Array.isArray(tolerance) ||
  !['jsonpath', 'probe'].includes(tolerance.type)

/** Whether what a probe returned is within its tolerance, as the Chaos Toolkit judges it. */
export function isWithin(tolerance: OwnTolerance, value: unknown): boolean {
  if (Array.isArray(tolerance)) return isAmong(tolerance, value)
  if (typeof tolerance === 'number') return (statusOf(value) ?? value) === tolerance
  if (typeof tolerance !== 'object') return value === tolerance
  const found = tolerance.target === undefined ? value : targetOf(value, tolerance.target)
  if (tolerance.type === 'regex') return new RegExp(tolerance.pattern, 'u').test(String(found))
  const [least, most] = tolerance.range
  const number = typeof found === 'string' && found.trim() === '' ? Number.NaN : Number(found)
  return least <= number && number <= most
}

/** A status among several; two numbers are the limits of a value that has none. */
function isAmong(tolerance: unknown[], value: unknown): boolean {
  const status = statusOf(value)
  if (status !== undefined) return tolerance.includes(status)
  const [least, most] = tolerance
  const isRange = tolerance.length === 2 && typeof least === 'number' && typeof most === 'number'
  return isRange
    ? typeof value === 'number' && least <= value && value <= most
    : tolerance.includes(value)
}

const statusOf = (value: unknown): unknown =>
  typeof value === 'object' && value !== null && 'status' in value ? value.status : undefined

const targetOf = (value: unknown, target: string): unknown =>
  typeof value === 'object' && value !== null && target in value
    ? (value as Record<string, unknown>)[target]
    : value
