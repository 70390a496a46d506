import { z } from 'zod'
import type { Database } from '#platform/postgres/postgres.ts'
import { sql } from '#platform/postgres/sql.ts'
import { monitorKind } from './plan.ts'

/** Harm that a monitor found and that goes on. Times are in milliseconds. */
export interface Harm {
  id: number
  /** null when it is of the installation */
  app: string | null
  environment: string | null
  kind: string
  name: string
  reason: string
  onset: { from: number; until: number }
  /** whether `fairlead.yaml` has it */
  isConfigured: boolean
  /** how far back its measurements go; null when it sees more than the environment */
  lookBack: number | null
  /** when it was first up with its present settings; null when it never was */
  proven: number | null
}

export interface Blame {
  harm: Harm
  /** whether harm elsewhere that has the same cause would be known by now */
  isSettled: boolean
}

/** What a release does; a slow start, fewer visitors and late jobs have other causes, too. */
const kinds = new Set([
  ...['errors', 'latency', 'reachable', 'routes', 'slow-routes'],
  ...['http', 'command', 'log', 'metric', 'invariant'],
])
/** What an environment uses, and a release does not change. */
const surroundings = new Set(['tcp', 'dns', 'tls', 'dependency'])
/** Harm in several places that begins within this time has one cause, and not this release. */
const togetherMs = 60_000
/** Other monitors find the same cause within this time: an interval and its confirmation. */
const settleMs = 45_000
/** A release gets the traffic before the deployment is recorded as live. */
const switchMs = 5000
/** Requests are slower while a release warms up. */
const warmUpMs = 60_000

/**
 * The harm that a release caused: it began after the release got the traffic, in its environment
 * and nowhere else. A monitor that was never up with its present settings proves nothing.
 */
export function blameOf(
  { app, environment, live, now }: { app: string; environment: string; live: number; now: number },
  all: Harm[],
): Blame | null {
  const isHere = (one: Harm): boolean => one.app === app && one.environment === environment
  const harm = all.find((one) => isHere(one) && kinds.has(one.kind) && beganAfter(one, live))
  if (!harm) return null
  const hasOtherCause = all.some(
    (one) =>
      (!isHere(one) || surroundings.has(one.kind)) &&
      one.onset.from - togetherMs <= harm.onset.until &&
      harm.onset.from - togetherMs <= one.onset.until,
  )
  return hasOtherCause ? null : { harm, isSettled: now - harm.onset.until >= settleMs }
}

function beganAfter({ kind, onset, isConfigured, lookBack, proven }: Harm, live: number): boolean {
  if (!isConfigured)
    return kind === 'latency' || kind === 'slow-routes'
      ? onset.from >= live + warmUpMs
      : (onset.from + onset.until) / 2 >= live
  if (lookBack === null || proven === null) return false
  return onset.until - lookBack >= live - switchMs && proven < onset.until
}

const looks = z.object({
  url: z.string().optional(),
  metric: z.string().optional(),
  prometheus: z.string().optional(),
  for: z.number().default(0),
})
/** Stored measurements are this late. */
const measuredMs = 30_000

/** How far back a monitor looks; null when that is not known, or it is about another site. */
export function lookBackOf(kind: string, check: unknown): number | null {
  const settings = looks.safeParse(monitorKind(kind)?.settings.safeParse(check).data)
  if (!settings.success) return null
  const { url, metric, prometheus, for: length } = settings.data
  // A query such as `rate(x[5m])` looks back as it likes.
  if (prometheus !== undefined) return null
  if (kind === 'http') return url?.startsWith('/') ? 0 : null
  if (kind === 'metric') return Math.max(measuredMs, length) + measuredMs
  return metric === undefined ? 0 : 2 * measuredMs
}

/** What monitors find now, of all apps and of the installation. */
export async function listHarm(db: Database): Promise<Harm[]> {
  const rows = await db.query<
    Omit<Harm, 'onset' | 'proven' | 'lookBack'> & {
      from: string
      until: string
      proven: string | null
      check: unknown
    }
  >(sql`select id, app, environment, kind, name, reason, proven, settings -> 'check' as check,
      settings is not null as "isConfigured",
      coalesce(onset_from, since) as from, coalesce(onset_until, since) as until
    from monitor where firing and state in ('down', 'degraded') order by id`)
  return rows.map(({ from, until, proven, check, ...row }) => ({
    ...row,
    lookBack: row.isConfigured ? lookBackOf(row.kind, check) : 0,
    onset: { from: Date.parse(from), until: Date.parse(until) },
    proven: proven === null ? null : Date.parse(proven),
  }))
}
