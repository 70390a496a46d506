import type { HostSecond } from '#contract/host/measurements.ts'
import type { HostStatus } from '#contract/host/status.ts'
import type { StatusChange, StatusComponent } from '#contract/status-page/status-page.ts'
import type { ScopedComponent } from '#domains/status-page/affected.ts'
import { componentState, detailOf, type Vote } from '#domains/status-page/component.ts'
import { historyOf } from '#domains/status-page/history.ts'
import { pageSettings } from '#domains/status-page/settings.ts'
import { nextShown, type Shown, type ShownChange } from '#domains/status-page/shown.ts'
import { type ComponentKey, isSameComponent } from '#domains/status-page/store.ts'
import type { PageEnvironment, PageMonitor } from '#views/status-page.ts'
import { failingOf, shareOf, votesOf } from './votes.ts'

/** A component as fairlead.yaml has it. */
export interface ConfiguredComponent extends ScopedComponent {
  group: string
  /** milliseconds for which words wait for a person */
  wait: number
}

/** A component with what the page shows of it next. */
export interface FoundComponent extends ConfiguredComponent {
  before: Shown | null
  shown: Shown
  changes: ShownChange[]
  detail: string
}

/** What is known about the components. */
export interface ComponentFacts {
  monitors: readonly PageMonitor[]
  status: HostStatus
  seconds: readonly HostSecond[]
  stored: readonly (ComponentKey & { shown: Shown })[]
  /** the environments that show the maintenance page */
  maintained: readonly { app: string; environment: string }[]
}

/** The components of the environments whose apps are on the page. Pure. */
export const scopedComponents = (environments: readonly PageEnvironment[]): ConfiguredComponent[] =>
  environments.flatMap(({ app, environment, status }) => {
    const { show, wait, components } = pageSettings(app, status)
    return show ? components.map((one) => ({ app, environment, wait, ...one })) : []
  })

/** What a component shows next. Pure. */
export function findComponent(
  one: ConfiguredComponent,
  facts: ComponentFacts,
  at: number,
): FoundComponent {
  const isMaintained = facts.maintained.some(
    ({ app, environment }) => app === one.app && environment === one.environment,
  )
  const page: Vote = { kind: 'page', state: 'maintenance', since: at }
  const votes = [...votesOf(one, facts, at), ...(isMaintained ? [page] : [])]
  const before = facts.stored.find((other) => isSameComponent(other, one))?.shown ?? null
  const { shown, changes } = nextShown(before, componentState(votes), at)
  // An instance that is down has no time of its own: the page shows since when.
  const timed = votes.map((vote): Vote =>
    vote.kind === 'health' ? { ...vote, since: shown.since } : vote,
  )
  const failing = shareOf(failingOf(facts.seconds, one))
  return { ...one, before, shown, changes, detail: detailOf(shown.state, timed, failing) }
}

/** A component with its history, for readers. Pure. */
export function shownComponent(
  { app, environment, component, name, group, shown, detail }: FoundComponent,
  changes: readonly StatusChange[],
  at: number,
): StatusComponent {
  const key = { app, environment, component }
  const own = changes.filter((one) => isSameComponent(one, key))
  const times = own.map(({ state, since }) => ({ state, since: Date.parse(since) }))
  const history = historyOf(times, at)
  // A page that changed with every second would be sent with every second.
  const uptime = history.uptime === null ? null : Math.floor(history.uptime * 1e4) / 1e4
  return {
    ...{ ...key, name, group, detail, uptime, days: history.days },
    ...{ state: shown.state, since: new Date(shown.since).toISOString() },
  }
}
