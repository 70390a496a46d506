import { defaultPage, type StatusPages } from '#contract/status-page/pages.ts'
import type {
  PublicMaintenance,
  StatusChange,
  StatusComponent,
  StatusPage,
  StatusTheme,
} from '#contract/status-page/status-page.ts'
import { isOnPage } from '#domains/status-page/page.ts'
import type { StoredPage } from '#domains/status-page/page-store.ts'
import { isSameComponent } from '#domains/status-page/store.ts'
import { type FoundComponent, shownComponent } from './components.ts'
import { addressOf } from './page-address.ts'
import { type FoundIncident, publicIncidents } from './updates.ts'

/** Everything that pages show. */
export interface PageFacts {
  found: readonly FoundComponent[]
  /** newest first */
  changes: readonly StatusChange[]
  announced: readonly PublicMaintenance[]
  incidents: readonly FoundIncident[]
  /** milliseconds since 1970 */
  at: number
}

export interface PageOptions {
  canSubscribe: boolean
  canSubscribeUrl: boolean
  /** the look of pages without a look of their own */
  theme?: StatusTheme | undefined
  edgePort: number
}

const mostChanges = 100

/** The pages, each with nothing but its own components. Pure. */
export function pagesOf(
  stored: readonly StoredPage[],
  facts: PageFacts,
  options: PageOptions,
): StatusPages {
  const { found: all, changes, at } = facts
  const components = new Map(all.map((one) => [one, shownComponent(one, changes, at)]))
  const own = stored.map((page) => ({ page, shown: pageOf(page, components, facts, options) }))
  const found = own.find(({ page }) => page.name === defaultPage)
  const places = { address: null, edgePort: options.edgePort }
  return {
    ...(found?.shown ?? emptyPage),
    others: own
      .filter((one) => one !== found)
      .map(({ page, shown }) => ({
        ...shown,
        ...{ name: page.name, url: addressOf(page, places) ?? '', isLocal: page.url === null },
        password: page.password,
      })),
  }
}

const emptyPage: StatusPage = {
  ...{ title: '', components: [], changes: [], incidents: [], maintenances: [] },
  ...{ subscribe: false, subscribeUrl: false },
}

function pageOf(
  page: StoredPage,
  components: ReadonlyMap<FoundComponent, StatusComponent>,
  { found, changes, announced, incidents, at }: PageFacts,
  { canSubscribe, canSubscribeUrl, theme }: PageOptions,
): StatusPage {
  const own = found.filter((one) => isOnPage(page, one))
  const ownChanges = changes.filter((change) => own.some((one) => isSameComponent(one, change)))
  return {
    title: page.title,
    components: own.flatMap((one) => components.get(one) ?? []),
    changes: ownChanges
      .toSorted((a, b) => Date.parse(b.since) - Date.parse(a.since))
      .slice(0, mostChanges),
    incidents: publicIncidents(incidents, { components: found, changes, now: at, page }),
    maintenances: announced.filter((one) =>
      own.some(({ app, environment }) => app === one.app && environment === one.environment),
    ),
    ...{ subscribe: canSubscribe, subscribeUrl: canSubscribeUrl },
    theme: page.theme === null ? theme : { ...theme, ...page.theme },
  }
}
