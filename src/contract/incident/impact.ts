import { z } from 'zod'

/** Requests of a route or a tenant, and how many of them failed. */
export const hitPart = z.object({
  /** empty for those that are beyond the limit of names */
  name: z.string(),
  failed: z.number().int(),
  requests: z.number().int(),
})
export type HitPart = z.infer<typeof hitPart>

/** Something that broke a rule of the business, such as an account. */
export const hitEntity = z.object({
  monitor: z.string(),
  entity: z.string(),
  /** when it was found first */
  since: z.string(),
})

/** Whom an incident hit, from its onset to its end or until now. */
export const impact = z.object({
  /** the minute of the onset, ISO 8601 */
  from: z.string(),
  until: z.string(),
  /** null when no request was counted: how many failed is not known */
  requests: z.object({ failed: z.number().int(), all: z.number().int() }).nullable(),
  /** minutes of the period in which nothing was measured */
  unmeasuredMinutes: z.number().int(),
  /** with failed requests, most first, at most 100 */
  routes: z.array(hitPart),
  /** with failed requests, most first, at most 10,000 */
  tenants: z.array(hitPart),
  /** tenants with failed requests, and all; null where no request names a tenant */
  tenantCount: z.object({ hit: z.number().int(), all: z.number().int() }).nullable(),
  /** at most 10,000 */
  entities: z.array(hitEntity),
})
export type Impact = z.infer<typeof impact>

/** The share of the requests that failed, from 0 to 1; null when it is not known. */
export const failedShare = ({ requests }: Pick<Impact, 'requests'>): number | null =>
  requests === null || requests.all === 0 ? null : requests.failed / requests.all

const count = (value: number): string => value.toLocaleString('en')

/** The impact in one line, such as `12 of 300 requests failed (4 %)`. */
export function impactWords(one: Impact): string {
  const { requests, tenantCount, entities, unmeasuredMinutes } = one
  const share = failedShare(one)
  const percent = share === null ? '' : ` (${Number((100 * share).toPrecision(2))} %)`
  const rules = new Set(entities.map(({ monitor }) => monitor))
  return [
    requests === null
      ? 'how many requests failed is not known: none were counted'
      : `${count(requests.failed)} of ${count(requests.all)} requests failed${percent}`,
    ...(tenantCount === null
      ? []
      : [`${count(tenantCount.hit)} of ${count(tenantCount.all)} tenants were hit`]),
    ...[...rules].map((rule) => {
      const broken = entities.filter(({ monitor }) => monitor === rule).length
      return `${count(broken)} ${broken === 1 ? 'breaks' : 'break'} the rule ${rule}`
    }),
    ...(unmeasuredMinutes === 0 ? [] : [`${unmeasuredMinutes} min were not measured`]),
  ].join('; ')
}

/** The impact as CSV (RFC 4180): a line for each route, tenant and entity that was hit. */
export function impactCsv({ routes, tenants, entities }: Impact): string {
  const part =
    (kind: string) =>
    ({ name, failed, requests }: HitPart): (string | number)[] => [
      ...[kind, name || '(others)', failed, requests, '', ''],
    ]
  return [
    ['kind', 'name', 'failed', 'requests', 'monitor', 'since'],
    ...routes.map(part('route')),
    ...tenants.map(part('tenant')),
    ...entities.map(({ entity, monitor, since }) => ['entity', entity, '', '', monitor, since]),
  ]
    .map((row) => `${row.map(cell).join(',')}\r\n`)
    .join('')
}

/** A name from outside is no formula: a spreadsheet would run it. */
function cell(value: string | number): string {
  if (typeof value === 'number') return String(value)
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
