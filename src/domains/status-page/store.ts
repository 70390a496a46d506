import type { ComponentState } from '#contract/status-page/status-page.ts'
import { appendEvent } from '#engine/events.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { sql, type Statement } from '#platform/postgres/sql.ts'
import type { Shown, ShownChange } from './shown.ts'

export interface ComponentKey {
  app: string
  environment: string
  /** its key in fairlead.yaml; empty for the whole app */
  component: string
}

/** Whether both are the same component. Pure. */
export const isSameComponent = (a: ComponentKey, b: ComponentKey): boolean =>
  a.app === b.app && a.environment === b.environment && a.component === b.component

interface Row extends ComponentKey {
  state: ComponentState
  since: string
  pending: 'better' | 'unknown' | null
  pendingSince: string | null
  confirmed: string
}

/** What the page shows. */
export async function listShown(db: Database): Promise<(ComponentKey & { shown: Shown })[]> {
  const rows = await db.query<Row>(sql`select app, environment, component, state, since, pending,
      pending_since as "pendingSince", confirmed
    from status_component order by app, environment, component`)
  return rows.map(({ state, since, pending, pendingSince, confirmed, ...key }) => ({
    ...key,
    shown: {
      ...{ state, since: Date.parse(since), confirmed: Date.parse(confirmed) },
      pending: pending && pendingSince ? { kind: pending, since: Date.parse(pendingSince) } : null,
    },
  }))
}

const iso = (ms: number): string => new Date(ms).toISOString()

/** Stores what a component shows, with the events that are its history. */
export function setShown(
  { app, environment, component }: ComponentKey,
  { state, since, pending, confirmed }: Shown,
  changes: readonly ShownChange[],
): Statement[] {
  return [
    sql`insert into status_component (app, environment, component, state, since,
        pending, pending_since, confirmed)
      values (${app}, ${environment}, ${component}, ${state}, ${iso(since)},
        ${pending?.kind ?? null}::text, ${pending ? iso(pending.since) : null}::timestamptz,
        ${iso(confirmed)})
      on conflict (app, environment, component) do update set state = excluded.state,
        since = excluded.since, pending = excluded.pending,
        pending_since = excluded.pending_since, confirmed = excluded.confirmed`,
    ...changes.map((one) =>
      appendEvent({
        type: 'dev.cdeventsx.fairlead-status.changed',
        ...{ subject: subjectOf({ app, environment, component }), chain: `app/${app}`, app },
        data: {
          ...{ environment, state: one.state, before: one.before, since: iso(one.since) },
          ...(component === '' ? {} : { component }),
        },
      }),
    ),
  ]
}

/** Stores that the host was told what all components show. */
export const setConfirmed = (now: number): Statement =>
  sql`update status_component set confirmed = ${iso(now)}`

/** Removes components that are gone; their history stays in the event log. */
export const keepComponents = (keys: readonly ComponentKey[]): Statement =>
  sql`delete from status_component where app || '/' || environment || '/' || component <>
    all(${keys.map((key) => `${key.app}/${key.environment}/${key.component}`)}::text[])`

const subjectOf = ({ app, environment, component }: ComponentKey): string =>
  `status/${app}/${environment}${component === '' ? '' : `/${component}`}`
