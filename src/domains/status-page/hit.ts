import { failedShare, type Impact } from '#contract/incident/impact.ts'
import type { ComponentScope } from './settings.ts'

/** Whom an incident hit, as far as customers read of it. */
export interface Hit {
  /** the share of the requests that failed, from 0 to 1; null when it is not known */
  share: number | null
  /** customers with failed requests; null when it is not known */
  customers: number | null
  /** whether some requests were not counted, or not by customer */
  isPartial: boolean
}

/**
 * What customers read of the impact of an incident. The share is that of the service: it says
 * nothing about the requests of one route, of another service, or of what only monitors know. Pure.
 */
export function hitOf(
  impact: Impact,
  { service }: { service: string | null },
  affected: readonly { scope: ComponentScope }[],
): Hit {
  const isWhole = affected.every(
    ({ scope }) =>
      scope.route === null &&
      (scope.service === null ? scope.monitors.length === 0 : scope.service === service),
  )
  return {
    share: isWhole ? failedShare(impact) : null,
    customers: impact.tenantCount?.hit ?? null,
    isPartial: impact.unmeasuredMinutes > 0 || impact.tenants.some(({ name }) => name === ''),
  }
}

/** The hit in one sentence; empty when nothing is known of it. Pure. */
export function hitText(hit: Hit | null, isOver: boolean): string {
  const { share, customers, isPartial } = hit ?? { share: null, customers: null, isPartial: false }
  const [requests, least] = isPartial ? ['measured requests', 'at least '] : ['requests', '']
  const parts: string[] = []
  if (share !== null && share > 0)
    parts.push(`${Number((100 * share).toPrecision(2))} % of the ${requests} failed`)
  if (customers !== null && customers > 0)
    parts.push(
      `${least}${customers.toLocaleString('en')} ` +
        (customers === 1 ? 'customer was affected' : 'customers were affected'),
    )
  const when = isOver ? 'In this time' : 'Since the problem began'
  return parts.length === 0 ? '' : ` ${when}, ${parts.join(', and ')}.`
}
