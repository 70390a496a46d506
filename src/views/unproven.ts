import type { Database } from '#platform/postgres/postgres.ts'
import { sql } from '#platform/postgres/sql.ts'

/** A value that people set, and that never served traffic because its deployment failed. */
export interface UnprovenValue {
  name: string
  /** the last deployment of it */
  deployment: number
}

/**
 * The values of a release that differ from those of the live one, and whose own deployments failed.
 * In alphabetical order; none when nothing is live.
 */
export async function unprovenValues(db: Database, release: number): Promise<UnprovenValue[]> {
  return db.query<UnprovenValue>(sql`
    select name, max(failed.id) as deployment
    from release next
      join configuration n on n.app = next.app and n.environment = next.environment
        and n.version = next.configuration
      join deployment live on live.app = next.app and live.environment = next.environment
        and live.state = 'live'
      join release now on now.id = live.release
      -- version 0 has no row
      left join configuration o on o.app = next.app and o.environment = next.environment
        and o.version = now.configuration
      join release tried on tried.app = next.app and tried.environment = next.environment
        and tried.configuration > now.configuration and tried.configuration <= next.configuration
      join deployment failed on failed.release = tried.id and failed.kind = 'configuration'
        and failed.state in ('failed', 'rolled_back')
      join configuration t on t.app = next.app and t.environment = next.environment
        and t.version = tried.configuration
      cross join jsonb_array_elements_text(t.changed) as name
    where next.id = ${release}
      and (n.variables->name, n.secrets->name) is not distinct from
        (t.variables->name, t.secrets->name)
      and (n.variables->name, n.secrets->name) is distinct from
        (o.variables->name, o.secrets->name)
    group by name order by name`)
}

/** What the failure of a release says of them, as the end of a sentence; empty for none. */
export function unprovenWords(
  values: UnprovenValue[],
  { app, environment }: { app: string; environment: string },
): string {
  const [first] = values
  if (!first) return ''
  const names = values.map(({ name, deployment }) => `${name} (deployment ${deployment})`)
  return (
    `; the release has values whose own deployments failed: ${names.join(', ')}: ` +
    `see \`fairlead config explain ${app} ${environment} ${first.name}\``
  )
}
