import { visibleApps } from '#contract/access/grants.ts'
import type { SomeHandlers } from '#contract/handler.ts'
import { historyDays, historyOf } from '#domains/status-page/history.ts'
import { pageSettings } from '#domains/status-page/settings.ts'
import { listShown } from '#domains/status-page/store.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { pageChanges, pageEnvironments } from '#views/status-page.ts'

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
      const visible = all.filter(({ app }) => apps === null || apps.includes(app))
      return {
        address,
        components: visible.map(({ app, environment, shown }) => {
          const own = changes.filter((one) => one.app === app && one.environment === environment)
          const times = own.map(({ state, since }) => ({ state, since: Date.parse(since) }))
          const settings = environments.find((one) => one.app === app)?.status
          return {
            ...{ app, environment, name: pageSettings(app, settings).name, state: shown.state },
            ...historyOf(times, now()),
            since: new Date(shown.since).toISOString(),
            confirmed: new Date(shown.confirmed).toISOString(),
          }
        }),
      }
    },
  }
}
