import { visibleApps } from '#contract/access/grants.ts'
import type { SomeHandlers } from '#contract/handler.ts'
import { type AlertOutcome, figuresOf } from '#domains/alert/figures.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { listAlertOutcomes } from '#views/alert-outcomes.ts'
import { ownersOf } from '#views/owners.ts'

/** How noisy the alerts of each team are. */
export function alertFigureHandlers(db: Database): SomeHandlers<'getAlertFigures'> {
  return {
    getAlertFigures: async ({ query }, caller) => {
      const rows = await listAlertOutcomes(db, { ...query, apps: visibleApps(caller) })
      const owners = new Map<string, string | null>()
      const outcomes: AlertOutcome[] = []
      for (const { app, service, ...row } of rows) {
        const key = JSON.stringify([app, service])
        if (!owners.has(key)) owners.set(key, await ownersOf(db, { app, service }))
        outcomes.push({ ...row, owner: owners.get(key) ?? null })
      }
      return figuresOf(outcomes)
    },
  }
}
