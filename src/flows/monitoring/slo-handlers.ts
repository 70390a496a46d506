import { visibleApps } from '#contract/access/grants.ts'
import { FairleadError } from '#contract/errors.ts'
import type { SomeHandlers } from '#contract/handler.ts'
import type { Slo, SloDetail } from '#contract/slo/slo.ts'
import { readCounts } from '#domains/slo/store.ts'
import type { Clock } from '#platform/clock.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { listMarks } from '#views/mark.ts'
import { figuresOf } from './judge-slo.ts'
import { listSlos } from './watch-slos.ts'

/** Serves objectives and what is left of their budgets. */
export function sloHandlers({
  db,
  clock,
}: {
  db: Database
  clock: Clock
}): SomeHandlers<'listSlos' | 'getSlo'> {
  const describe = async ({
    monitor,
    settings,
    indicator,
  }: Awaited<ReturnType<typeof listSlos>>[number]): Promise<Omit<SloDetail, 'marks'>> => {
    const { window } = settings
    const { over, hours } = await readCounts(db, indicator, { window, now: clock.now() })
    const { id, app, environment, service, name, state, reason, since } = monitor
    return {
      ...{ monitor: id, app, environment, service, name, state, reason, ...settings },
      since: new Date(since).toISOString(),
      ...figuresOf(settings, over),
      hours: hours.map(({ at, requests, bad }) => ({
        ...{ time: new Date(at).toISOString(), requests, bad },
      })),
    }
  }
  return {
    listSlos: async ({ query }, caller) => {
      const apps = visibleApps(caller)
      const mine = (await listSlos(db)).filter(
        ({ monitor: { app, environment } }) =>
          (apps === null || apps.includes(app)) &&
          (query.app === undefined || query.app === app) &&
          (query.environment === undefined || query.environment === environment),
      )
      const slos = await Promise.all(mine.map(describe))
      const left = ({ budgetLeft }: Slo): number => budgetLeft ?? Infinity
      return {
        slos: slos
          .map(({ hours: _hours, ...one }) => one)
          .toSorted((a, b) => (left(a) === left(b) ? 0 : left(a) - left(b))),
      }
    },
    getSlo: async ({ params: { app, monitor: id } }) => {
      const found = (await listSlos(db)).find(
        ({ monitor }) => monitor.app === app && monitor.id === id,
      )
      if (!found) throw new FairleadError('not_found', { kind: 'objective', id: String(id) })
      const { environment } = found.monitor
      const until = clock.now()
      const period = { from: until - found.settings.window, until }
      return { ...(await describe(found)), marks: await listMarks(db, app, environment, period) }
    },
  }
}
