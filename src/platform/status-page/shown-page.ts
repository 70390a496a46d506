import {
  type ComponentState,
  componentStateWords,
  type PublicMaintenance,
  type StatusChange,
  type StatusComponent,
  type StatusPage,
} from '#contract/status-page/status-page.ts'

/** A page as it is shown at a moment. */
export interface ShownPage extends StatusPage {
  /** ISO 8601; when the server confirmed it last, null when it never did */
  confirmed: string | null
  /** whether the confirmation is too old to be true */
  isStale: boolean
}

/** From the least to the most important: what the headline says. */
const order: ComponentState[] = [
  ...(['operational', 'maintenance', 'unknown', 'degraded'] as const),
  ...(['partial_outage', 'major_outage'] as const),
]

/** A page whose confirmation is too old knows no state any more. Pure. */
export const shownPage = (
  page: StatusPage | null,
  confirmed: string | null,
  isStale: boolean,
): ShownPage => ({
  ...{ confirmed, isStale: isStale || page === null },
  title: page?.title ?? '',
  changes: page?.changes ?? [],
  subscribe: page?.subscribe ?? false,
  subscribeUrl: page?.subscribeUrl ?? false,
  incidents: page?.incidents ?? [],
  maintenances: page?.maintenances ?? [],
  theme: page?.theme,
  components: (page?.components ?? []).map((one) =>
    isStale ? { ...one, state: 'unknown', since: confirmed ?? one.since, detail: '' } : one,
  ),
})

/** The worst state; unknown without components. */
export const overallState = ({ components }: Pick<ShownPage, 'components'>): ComponentState =>
  order[Math.max(-1, ...components.map(({ state }) => order.indexOf(state)))] ?? 'unknown'

/** The headline. */
export function headline(page: ShownPage): string {
  const state = overallState(page)
  if (page.components.length === 0 && !page.isStale) return 'Nothing is published yet'
  if (state === 'operational') return 'Everything is operational'
  if (page.isStale) return 'The state is unknown'
  const same = page.components.filter((one) => one.state === state)
  return `${componentStateWords[state]}: ${same.map(({ name }) => name).join(', ')}`
}

type ComponentAt = Pick<StatusChange, 'app' | 'environment' | 'component'>

/** Components of an environment; all of them without keys. */
export interface ComponentsAt {
  app: string
  environment: string
  /** keys of components */
  components?: readonly string[]
}

/** The components of the page at a place. */
export const componentsAt = (
  page: Pick<ShownPage, 'components'>,
  { app, environment, components }: ComponentsAt,
): StatusComponent[] =>
  page.components.filter(
    (one) =>
      one.app === app &&
      one.environment === environment &&
      (components === undefined || components.includes(one.component)),
  )

/** The names of the components at a place; that of the app when the page has none of them. */
export const namesOf = (page: Pick<ShownPage, 'components'>, at: ComponentsAt): string =>
  componentsAt(page, at)
    .map(({ name }) => name)
    .join(', ') || at.app

/** The name of one component. */
export const nameOf = (
  page: Pick<ShownPage, 'components'>,
  { app, environment, component }: ComponentAt,
): string => namesOf(page, { app, environment, components: [component] })

/** What identifies a component in addresses, such as `shop-production-checkout`. */
export const idOf = ({ app, environment, component }: ComponentAt): string =>
  [app, environment, component].filter((part) => part !== '').join('-')

/** A group of components; the one without a name comes first. */
export interface ComponentGroup {
  name: string
  components: StatusComponent[]
}

/** The components by group, in the order of the page. */
export const groupsOf = ({ components }: Pick<ShownPage, 'components'>): ComponentGroup[] =>
  [...Map.groupBy(components, ({ group }) => group)]
    .map(([name, own]) => ({ name, components: own }))
    .toSorted((a, b) => Number(a.name !== '') - Number(b.name !== ''))

/** Whether maintenance comes, goes on or has ended, when the page was confirmed. */
export function maintenanceState(
  { from, until }: Pick<PublicMaintenance, 'from' | 'until'>,
  { confirmed }: Pick<ShownPage, 'confirmed'>,
): 'scheduled' | 'in_progress' | 'completed' {
  const at = Date.parse(confirmed ?? from)
  if (at < Date.parse(from)) return 'scheduled'
  return at < Date.parse(until) ? 'in_progress' : 'completed'
}
