import type { Monitor, MonitorState } from '#contract/monitor/monitor.ts'

/** A time in which nobody is notified about a place. Null matches every environment or service. */
export interface Maintenance {
  app: string | null
  environment: string | null
  service: string | null
  until: string
  reason: string
  actor: string
}

type Shown = Pick<Monitor, 'app' | 'environment' | 'service' | 'state' | 'reason'>

/** A monitor as it is shown while a silence of its place is in force. It is judged all the same. */
export function shownDuring<M extends Shown>(monitor: M, maintenance: Maintenance[]): M {
  const { app, environment, service, state, reason } = monitor
  const found = maintenance.find(
    (one) =>
      one.app === app &&
      (one.environment === null || one.environment === environment) &&
      (one.service === null || one.service === service),
  )
  if (!found || state === 'maintenance') return monitor
  const silenced = `${found.actor} silenced it until ${found.until}: ${found.reason}`
  const meanwhile = state === 'up' ? '' : `; it is ${state}${reason === '' ? '' : `: ${reason}`}`
  return { ...monitor, state: 'maintenance', reason: `${silenced}${meanwhile}` }
}

/** The order in which monitors are listed: what is wrong comes first. */
const order: MonitorState[] = ['down', 'degraded', 'unknown', 'maintenance', 'up']

export const byState = <M extends { state: MonitorState }>(monitors: M[]): M[] =>
  monitors.toSorted((one, other) => order.indexOf(one.state) - order.indexOf(other.state))
