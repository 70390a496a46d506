import type { ComponentState, StatusChange } from '#contract/status-page/status-page.ts'

/** An outage from its first to its last change, newest first. */
export interface Outage {
  app: string
  environment: string
  component: string
  started: string
  resolved: string | null
  worst: ComponentState
  changes: StatusChange[]
}

const harms: ComponentState[] = ['degraded', 'partial_outage', 'major_outage']

/** The outages in changes, which are sorted newest first. Pure. */
export function outagesOf(changes: readonly StatusChange[]): Outage[] {
  const open = new Map<string, Outage>()
  const all: Outage[] = []
  for (const change of changes.toReversed()) {
    const { app, environment, component, state, since } = change
    const key = `${app}/${environment}/${component}`
    const outage = open.get(key)
    if (harms.includes(state)) {
      if (!outage) {
        const begun = { started: since, resolved: null, worst: state, changes: [change] }
        const fresh: Outage = { app, environment, component, ...begun }
        open.set(key, fresh)
        all.push(fresh)
        continue
      }
      if (harms.indexOf(state) > harms.indexOf(outage.worst)) outage.worst = state
    }
    outage?.changes.push(change)
    // Nobody knows whether an outage goes on while the state is unknown.
    if (!outage || state === 'unknown' || harms.includes(state)) continue
    outage.resolved = since
    open.delete(key)
  }
  return all.reverse()
}
