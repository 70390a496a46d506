import type { SomeHandlers } from '#contract/handler.ts'
import { FairleadError } from '#contract/errors.ts'
import { type Period, readMetrics, readSeries } from '#domains/signal/read.ts'
import { listMetricSeries, storageUsed } from '#domains/signal/store.ts'
import type { Clock } from '#platform/clock.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { parseSelector } from '#platform/net/exposition.ts'
import { listMarks } from '#views/mark.ts'

export interface SignalHandlersOptions {
  db: Database
  clock: Clock
  /** bytes */
  budget: number
}

/** Serves what was measured. */
export function signalHandlers({
  db,
  clock,
  budget,
}: SignalHandlersOptions): SomeHandlers<'listSignals' | 'listMetrics' | 'listMachineSignals'> {
  return {
    listSignals: async ({ params: { app }, query }) => {
      const period = periodOf(query, clock.now())
      const { names, environment, service } = query
      const [found, marks] = await Promise.all([
        readSeries(db, { app, environment, service, names }, period, clock.now()),
        listMarks(db, app, environment ?? null, period),
      ])
      return { ...found, from: new Date(found.from).toISOString(), marks }
    },
    listMetrics: async ({ params: { app }, query }) => {
      const period = periodOf(query, clock.now())
      const { environment, service, metric = '' } = query
      const { name, labels } = parseSelector(metric)
      if (labels === null)
        throw new FairleadError('invalid_input', {
          field: 'query.metric',
          problem: 'must be a name with labels, such as orders_total{kind="a"}',
        })
      const [stored, found, marks] = await Promise.all([
        listMetricSeries(db, app),
        readMetrics(db, { app, environment, service }, { name, labels }, period, clock.now()),
        listMarks(db, app, environment ?? null, period),
      ])
      const names = stored
        .filter(
          (one) =>
            (environment === undefined || one.environment === environment) &&
            (service === undefined || one.service === service),
        )
        .map((one) => one.name)
      const from = new Date(found.from).toISOString()
      return { ...found, from, marks, names: [...new Set(names)] }
    },
    listMachineSignals: async ({ query }) => {
      const period = periodOf(query, clock.now())
      const [found, used] = await Promise.all([
        readSeries(db, { app: null, names: query.names }, period, clock.now()),
        storageUsed(db),
      ])
      const from = new Date(found.from).toISOString()
      return { ...found, from, marks: [], storage: { ...used, budget } }
    },
  }
}

function periodOf(
  {
    from,
    until,
    minutes,
  }: { from?: string | undefined; until?: string | undefined; minutes: number },
  now: number,
): Period {
  const end = until === undefined ? now : Date.parse(until)
  const start = from === undefined ? end - minutes * 60_000 : Date.parse(from)
  if (start < end) return { from: start, until: end }
  throw new FairleadError('invalid_input', { field: 'query.from', problem: 'must be before until' })
}
