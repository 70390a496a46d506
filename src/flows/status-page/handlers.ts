import { visibleApps } from '#contract/access/grants.ts'
import type { SomeHandlers } from '#contract/handler.ts'
import { historyDays, historyOf } from '#domains/status-page/history.ts'
import { isSameComponent, listShown } from '#domains/status-page/store.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { pageChanges, pageEnvironments } from '#views/status-page.ts'
import { scopedComponents } from './components.ts'

export interface StatusPageHandlersOptions {
  db: Database
  /** the address of the page; null when it is not served */
  address: string | null
  /** milliseconds since 1970 */
  now(): number
}

/** The endpoint of the status page. */
export function statusPageHandlers({
  db,
  address,
  now,
}: StatusPageHandlersOptions): SomeHandlers<'listStatusComponents'> {
  return {
    listStatusComponents: async (_input, caller) => {
      const apps = visibleApps(caller)
      const [all, changes, environments] = await Promise.all([
        listShown(db),
        pageChanges(db, historyDays),
        pageEnvironments(db),
      ])
      const named = scopedComponents(environments)
      const visible = all.filter(({ app }) => apps === null || apps.includes(app))
      return {
        address,
        components: visible.map(({ shown, ...key }) => {
          const own = changes.filter((one) => isSameComponent(one, key))
          const times = own.map(({ state, since }) => ({ state, since: Date.parse(since) }))
          const found = named.find((one) => isSameComponent(one, key))
          return {
            ...{ ...key, name: found?.name ?? key.app, group: found?.group ?? '' },
            state: shown.state,
            ...historyOf(times, now()),
            since: new Date(shown.since).toISOString(),
            confirmed: new Date(shown.confirmed).toISOString(),
          }
        }),
      }
    },
  }
}
