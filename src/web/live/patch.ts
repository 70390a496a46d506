import type { InfiniteData, QueryClient } from '@tanstack/react-query'
import type { Client } from '#contract/client.ts'
import type { Line } from '#contract/environment/environment.ts'
import type { StoredEvent } from '#contract/event/event.ts'

/** The parts of the caches that events have made stale. */
export interface Stale {
  apps: Set<string>
  runs: Set<number>
  verdicts: Set<number>
  listOfApps: boolean
  configuration: boolean
  /** the delivery figures */
  figures: boolean
  tokens: boolean
  /** users, sessions, and the grants of the signed-in user */
  users: boolean
}

const noneStale = (): Stale => ({
  apps: new Set(),
  runs: new Set(),
  verdicts: new Set(),
  listOfApps: false,
  configuration: false,
  figures: false,
  tokens: false,
  users: false,
})

/** Adds the parts that an event makes stale. */
export function markStale(stale: Stale, event: StoredEvent): void {
  if (event.app !== null) stale.apps.add(event.app)
  const run = /^(?:run|workflow\/delivery)\/(\d+)/.exec(event.subject)?.[1] ?? event.data['run']
  if (run !== undefined && run !== null && Number(run) > 0) stale.runs.add(Number(run))
  const deployment = /^deployment\/(\d+)$/.exec(event.subject)?.[1]
  if (deployment !== undefined) stale.verdicts.add(Number(deployment))
  if (event.type.startsWith('dev.cdevents.repository.')) stale.listOfApps = true
  // A rollback, and a release that gets the traffic, change which version runs.
  if (/-configuration\.changed$|-deployment\.finished$|\.service\./.test(event.type))
    stale.configuration = true
  if (/\.(service|incident|fairlead-incident)\./.test(event.type)) stale.figures = true
  if (event.type.includes('fairlead-token.')) stale.tokens = true
  if (/fairlead-(user|session)\./.test(event.type)) stale.users = true
}

export interface EventFilters {
  app?: string | undefined
  chain?: string | undefined
  type?: string | undefined
  actor?: string | undefined
  text?: string | undefined
  since?: string | undefined
  until?: string | undefined
}

const textOf = ({ type, subject, actor, data }: StoredEvent): string =>
  [type, subject, actor, JSON.stringify(data)].join(' ').toLowerCase()

export const matches = (event: StoredEvent, filters: EventFilters): boolean =>
  (filters.app === undefined || event.app === filters.app) &&
  (filters.chain === undefined || event.chain === filters.chain) &&
  (filters.type === undefined || event.type === filters.type) &&
  (filters.text === undefined || textOf(event).includes(filters.text.toLowerCase())) &&
  (filters.since === undefined || Date.parse(event.time) >= Date.parse(filters.since)) &&
  (filters.until === undefined || Date.parse(event.time) < Date.parse(filters.until)) &&
  (filters.actor === undefined || event.actor.toLowerCase() === filters.actor.toLowerCase())

type EventPages = InfiniteData<{ events: StoredEvent[] }, unknown>

/** Adds an event to the top of the first page, unless it is there. */
export function withEvent(pages: EventPages, event: StoredEvent): EventPages {
  const [first, ...rest] = pages.pages
  if (!first || first.events.some((known) => known.id >= event.id)) return pages
  return { ...pages, pages: [{ ...first, events: [event, ...first.events] }, ...rest] }
}

/** Events within this many milliseconds cause one refetch. */
const batchWindow = 120

/**
 * Keeps the caches current: adds each event to the cached event lists, and fetches the apps, runs,
 * and lists that it affects again.
 */
export function createPatcher(queries: QueryClient, client: Client) {
  let stale = noneStale()
  let timer: ReturnType<typeof setTimeout> | undefined

  const fetchLine = async (app: string): Promise<void> => {
    const line = await client.getLine({ params: { app } }).catch(() => null)
    queries.setQueryData<Line>(['line', app], (old) => (old && line ? line : old))
  }
  // A fetch that is under way goes on: under many events, a page would otherwise never be current.
  const fetchHome = (): Promise<void> =>
    queries.invalidateQueries({ queryKey: ['home'] }, { cancelRefetch: false })
  const flush = async (): Promise<void> => {
    const now = stale
    stale = noneStale()
    const old = (...queryKey: unknown[]) => queries.invalidateQueries({ queryKey })
    if (now.listOfApps) void old('apps')
    for (const run of now.runs) void old('run', run)
    for (const deployment of now.verdicts)
      void Promise.all([old('verdict', deployment), old('deployment', deployment)])
    for (const app of now.apps)
      void Promise.all([
        old('environment', app),
        old('pull-requests', app),
        old('jobs', app),
        old('switches', app),
        old('maintenance', app),
        old('scale', app),
        old('machines', app),
        old('experiments', app),
      ])
    if (now.apps.size > 0) void Promise.all([old('runs'), old('deployments')])
    if (now.configuration) void old('configuration')
    if (now.figures) void old('figures')
    if (now.tokens || now.users) void old('tokens')
    if (now.users) void Promise.all([old('users'), old('sessions'), old('me')])
    const shown = [...now.apps].filter((app) => queries.getQueryData(['line', app]) !== undefined)
    await Promise.all([...shown.map(fetchLine), ...(now.apps.size > 0 ? [fetchHome()] : [])])
    timer = undefined
    if (stale.apps.size > 0 || stale.runs.size > 0)
      timer = setTimeout(() => void flush(), batchWindow)
  }
  return {
    apply: (event: StoredEvent): void => {
      for (const query of queries.getQueryCache().findAll({ queryKey: ['events'] })) {
        if (!matches(event, (query.queryKey[1] ?? {}) as EventFilters)) continue
        queries.setQueryData<EventPages>(query.queryKey, (old) =>
          old ? withEvent(old, event) : undefined,
        )
      }
      markStale(stale, event)
      timer ??= setTimeout(() => void flush(), batchWindow)
    },
    refetchAll: (): void => void queries.invalidateQueries(),
  }
}
