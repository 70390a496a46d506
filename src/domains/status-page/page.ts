import type { ComponentKey } from './store.ts'

/** The components that a status page shows; all of them when nothing is named. */
export interface PageSelection {
  name: string
  apps: string[]
  groups: string[]
  /** APP/KEY */
  components: string[]
}

type GroupedComponent = ComponentKey & { group: string }

/** Whether a page shows a component. Pure. */
export const isOnPage = (
  { apps, groups, components }: PageSelection,
  { app, component, group }: GroupedComponent,
): boolean =>
  apps.length + groups.length + components.length === 0 ||
  apps.includes(app) ||
  groups.includes(group) ||
  components.includes(`${app}/${component}`)

/** The pages that show at least one of the components. Pure. */
export const pagesWith = <P extends PageSelection>(
  pages: readonly P[],
  components: readonly GroupedComponent[],
): P[] => pages.filter((page) => components.some((one) => isOnPage(page, one)))

/**
 * The components that the words about an incident may name: they are on each page that shows any
 * of them, so that no page names a component of another one. Pure.
 */
export const namedComponents = <C extends GroupedComponent>(
  affected: readonly C[],
  pages: readonly PageSelection[],
): C[] => {
  const own = pagesWith(pages, affected)
  return affected.filter((one) => own.every((page) => isOnPage(page, one)))
}
