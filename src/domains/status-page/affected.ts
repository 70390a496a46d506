import type { ComponentState } from '#contract/status-page/status-page.ts'
import { worstBetween, type StateSince } from './history.ts'
import type { ComponentScope } from './settings.ts'
import { type ComponentFacts, plain } from './update.ts'

/** A component with what decides its state. */
export interface ScopedComponent {
  app: string
  environment: string
  component: string
  name: string
  scope: ComponentScope
}

export interface IncidentPlace {
  app: string
  environment: string
  /** null when it is about the whole environment */
  service: string | null
}

const harms: ComponentState[] = ['degraded', 'partial_outage', 'major_outage']

/**
 * The components that an incident is about: those of its environment that show harm; without any,
 * those that depend on its service, and otherwise all of its environment. Pure.
 */
export function affectedBy<C extends ScopedComponent>(
  { app, environment, service }: IncidentPlace,
  components: readonly C[],
  isHarmed: (component: C) => boolean,
): C[] {
  const here = components.filter((one) => one.app === app && one.environment === environment)
  const own = here.filter(({ scope }) => scope.service === null || scope.service === service)
  const possible = service === null || own.length === 0 ? here : own
  const harmed = possible.filter(isHarmed)
  return harmed.length > 0 ? harmed : possible
}

export const isHarm = (state: ComponentState): boolean => harms.includes(state)

/** A change of a component, in milliseconds since 1970. */
export interface ComponentChange extends StateSince {
  app: string
  environment: string
  component: string
}

/** The worst harm of some components between two times; null without any. Pure. */
export function worstOf(
  components: readonly Omit<ScopedComponent, 'name' | 'scope'>[],
  changes: readonly ComponentChange[],
  from: number,
  until: number,
): ComponentState | null {
  const found = components.map(({ app, environment, component }) => {
    const own = changes.filter(
      (one) => one.app === app && one.environment === environment && one.component === component,
    )
    return harms.indexOf(worstBetween(own, from, until) ?? 'operational')
  })
  return harms[Math.max(-1, ...found)] ?? null
}

/** Names that a sentence lists. */
const mostNames = 3

/** Some names in one phrase. Pure. */
export function namesText(names: readonly string[]): string {
  if (names.length > mostNames + 1)
    return `${names.slice(0, mostNames).join(', ')} and ${names.length - mostNames} more`
  return names.length < 2
    ? (names[0] ?? '')
    : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`
}

/** What the page shows of several components, as one. Pure. */
export function combinedFacts(
  components: readonly (ComponentFacts & { detail: string })[],
): ComponentFacts {
  const worst = components.toSorted((a, b) => harms.indexOf(b.state) - harms.indexOf(a.state))[0]
  const details = components.filter(({ detail }) => detail !== '').slice(0, mostNames)
  return {
    name: namesText(components.map(({ name }) => name)),
    state: worst?.state ?? 'unknown',
    wait: worst?.wait ?? 0,
    detail: details.map(({ name, detail }) => `${plain(name)}: ${detail}`).join(' '),
  }
}
