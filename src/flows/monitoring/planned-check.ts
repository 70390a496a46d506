import type { HostMonitor } from '#contract/host/monitors.ts'
import type { CheckResult } from '#contract/monitor/check.ts'
import type { CheckedMonitor } from '#domains/monitor/judge.ts'
import { monitorKind } from '#domains/monitor/plan.ts'
import { isOnServer } from '#platform/monitor/monitor-kind.ts'

export const placeOf = ({
  app,
  environment,
}: Pick<CheckedMonitor, 'app' | 'environment'>): string => `${app}/${environment}`

export const keyOf = ({ app, environment, name }: CheckedMonitor): string =>
  `${app}/${environment}/${name}`

export const neededBy = (
  { app, environment, settings }: CheckedMonitor,
  byName: Map<string, CheckedMonitor>,
): CheckedMonitor[] =>
  settings.needs.flatMap((name) => byName.get(`${app}/${environment}/${name}`) ?? [])

/** Whether the server checks it. */
export function isOwn({ kind, settings }: CheckedMonitor): boolean {
  const found = monitorKind(kind)
  const parsed = found?.settings.safeParse(settings.check)
  return !found || !parsed?.success || isOnServer(found, parsed.data)
}

/** How it is checked; `all` are the monitors that it may need. */
export function checkOf(monitor: CheckedMonitor, all: CheckedMonitor[]): HostMonitor {
  const { id, app, environment, service, kind, settings } = monitor
  const { every, timeout, failures, recoveries, needs, check } = settings
  const needed = needs.length === 0 ? [] : neededBy(monitor, new Map(all.map((o) => [keyOf(o), o])))
  return {
    ...{ id, app, environment, service, kind, every, timeout, settings: check },
    confirm: Math.max(failures, recoveries),
    needs: needed.map((one) => one.id),
  }
}

export const unknownResult = (id: number, at: number, reason: string): CheckResult => ({
  ...{ id, at, number: 0, streak: 1, since: at, before: null, took: 0, entities: [] },
  ...{ state: 'unknown', reason },
})
