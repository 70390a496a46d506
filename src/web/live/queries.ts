import { keepPreviousData, useInfiniteQuery, useQueries, useQuery } from '@tanstack/react-query'
import type { Role } from '#contract/endpoint.ts'
import type { PullRequest } from '#contract/pull-request/pull-request.ts'
import type { Deployment } from '#contract/run/run.ts'
import { FairleadError } from '#contract/errors.ts'
import { may } from '#contract/access/grants.ts'
import type { DeploymentState, RunState } from '../ui/state.ts'
import type { EventFilters } from './patch.ts'
import { useClient } from './dependencies.tsx'

/** Interval in milliseconds for data that changes without an event, such as health. */
const pollInterval = 15_000

/** What is wrong, what needs a person, and what runs where. */
export function useHome() {
  const client = useClient()
  return useQuery({
    queryKey: ['home'],
    queryFn: ({ signal }) => client.getHome({ signal }),
    refetchInterval: pollInterval,
    // The title of a background tab shows the state, too.
    refetchIntervalInBackground: true,
  })
}

/** The deliveries to production of the last days, and of as many days before. */
export function useDeliveryFigures(days: number) {
  const client = useClient()
  return useQuery({
    queryKey: ['figures', days],
    queryFn: ({ signal }) => client.getDeliveryFigures({ query: { days }, signal }),
    refetchInterval: 20 * pollInterval,
  })
}

/** The names of the apps, for filters. */
export function useAppNames(): string[] {
  const client = useClient()
  const { data } = useQuery({
    queryKey: ['apps'],
    queryFn: async ({ signal }) => (await client.listApps({ signal })).apps,
    staleTime: 60_000,
  })
  return (data ?? []).map(({ name }) => name)
}

export function useLine(app: string) {
  const client = useClient()
  return useQuery({
    queryKey: ['line', app],
    queryFn: ({ signal }) => client.getLine({ params: { app }, signal }),
    refetchInterval: pollInterval,
  })
}

export function useRun(run: number) {
  const client = useClient()
  return useQuery({
    queryKey: ['run', run],
    queryFn: ({ signal }) => client.getRun({ params: { run }, signal }),
    refetchInterval: ({ state }) => (state.data?.ended === null ? pollInterval : false),
    refetchIntervalInBackground: true,
  })
}

/** The change report of a run. Events of the run make it stale, as they do the run. */
export function useChange(run: number, enabled = true) {
  const client = useClient()
  return useQuery({
    queryKey: ['run', run, 'change'],
    queryFn: ({ signal }) => client.getChange({ params: { run }, signal }),
    enabled,
  })
}

/** One changed file with its whole diff, which the report of a large change leaves out. */
export function useChangedFile(run: number, path: string, enabled: boolean) {
  const client = useClient()
  return useQuery({
    queryKey: ['run', run, 'change', path],
    queryFn: ({ signal }) => client.getChangedFile({ params: { run }, query: { path }, signal }),
    enabled,
    staleTime: Infinity,
  })
}

/** The details of runs whose steps are running, by id. */
export function useRunDetails(runs: number[]) {
  const client = useClient()
  return useQueries({
    queries: runs.map((run) => ({
      queryKey: ['run', run],
      queryFn: ({ signal }: { signal: AbortSignal }) => client.getRun({ params: { run }, signal }),
    })),
    combine: (results) =>
      new Map(results.flatMap(({ data }) => (data ? [[data.id, data] as const] : []))),
  })
}

const pageSize = 40

export function useRuns(filters: { app?: string; state?: RunState }) {
  const client = useClient()
  return useInfiniteQuery({
    queryKey: ['runs', filters],
    queryFn: ({ pageParam, signal }) =>
      client.listRuns({
        query: {
          ...filters,
          limit: pageSize,
          ...(pageParam === null ? {} : { before: pageParam }),
        },
        signal,
      }),
    initialPageParam: null as number | null,
    getNextPageParam: (page) => page.next,
    placeholderData: keepPreviousData,
  })
}

export function useDeployments(filters: {
  app?: string
  environment?: string
  state?: DeploymentState
}) {
  const client = useClient()
  return useInfiniteQuery({
    queryKey: ['deployments', filters],
    queryFn: ({ pageParam, signal }) =>
      client.listDeployments({
        query: {
          ...filters,
          limit: pageSize,
          ...(pageParam === null ? {} : { before: pageParam }),
        },
        signal,
      }),
    initialPageParam: null as number | null,
    getNextPageParam: (page) => page.next,
    placeholderData: keepPreviousData,
  })
}

export function useDeployment(deployment: number) {
  const client = useClient()
  return useQuery({
    queryKey: ['deployment', deployment],
    queryFn: ({ signal }) => client.getDeployment({ params: { deployment }, signal }),
  })
}

/** The approvals and windows a deployment waits for. Polled, because a calendar sends no event. */
export function usePermission(deployment: number, isWaiting: boolean) {
  const client = useClient()
  return useQuery({
    queryKey: ['permission', deployment, isWaiting],
    queryFn: ({ signal }) => client.getPermission({ params: { deployment }, signal }),
    refetchInterval: isWaiting ? 2000 : false,
  })
}

/** Time that deployments waited for approvals and windows in the last 30 days, by environment. */
export function useTimeLost(app: string) {
  const client = useClient()
  return useQuery({
    queryKey: ['time-lost', app],
    queryFn: async ({ signal }) =>
      (await client.listTimeLost({ params: { app }, signal })).environments,
  })
}

/** The verdict on a canary; null for a deployment without one. */
export function useVerdict(deployment: number) {
  const client = useClient()
  return useQuery({
    queryKey: ['verdict', deployment],
    queryFn: async ({ signal }) => {
      try {
        return await client.getVerdict({ params: { deployment }, signal })
      } catch (error) {
        if (error instanceof FairleadError && error.code === 'not_found') return null
        throw error
      }
    },
    // Events report changes of state only, not each request.
    refetchInterval: ({ state: { data } }) => (data && data.ended === null ? 1000 : false),
  })
}

const eventPage = 100

export function useEvents(filters: EventFilters) {
  const client = useClient()
  return useInfiniteQuery({
    queryKey: ['events', filters],
    queryFn: ({ pageParam, signal }) =>
      client.listEvents({
        query: {
          ...filters,
          limit: eventPage,
          ...(pageParam === null ? {} : { before: pageParam }),
        },
        signal,
      }),
    initialPageParam: null as number | null,
    getNextPageParam: (page) =>
      page.events.length < eventPage ? null : (page.events.at(-1)?.id ?? null),
    placeholderData: keepPreviousData,
  })
}

export function useEnvironment(app: string, environment: string) {
  const client = useClient()
  return useQuery({
    queryKey: ['environment', app, environment],
    queryFn: ({ signal }) => client.getEnvironment({ params: { app, environment }, signal }),
    refetchInterval: 5000,
  })
}

export function useServiceLog(app: string, environment: string, service: string | undefined) {
  const client = useClient()
  return useQuery({
    queryKey: ['service-log', app, environment, service ?? ''],
    queryFn: async ({ signal }) =>
      (
        await client.getServiceLog({
          params: { app, environment },
          query: { lines: 500, ...(service ? { service } : {}) },
          signal,
        })
      ).lines,
    refetchInterval: 2000,
    placeholderData: keepPreviousData,
  })
}

/** The output of a deployment that has ended. */
export function useDeploymentOutput({ app, environment, id }: Deployment) {
  const client = useClient()
  return useQuery({
    queryKey: ['service-log', app, environment, id],
    queryFn: ({ signal }) =>
      client.getServiceLog({
        params: { app, environment },
        query: { lines: 500, deployment: id },
        signal,
      }),
  })
}

export function useProvider() {
  const client = useClient()
  return useQuery({
    queryKey: ['provider'],
    queryFn: async ({ signal }) => (await client.getProvider({ signal })).provider,
    staleTime: Infinity,
  })
}

export function useSessions() {
  const client = useClient()
  return useQuery({
    queryKey: ['sessions'],
    queryFn: async ({ signal }) => (await client.listSessions({ signal })).sessions,
    // Users with roles for some apps only do not receive events about sessions.
    refetchInterval: pollInterval,
  })
}

export function useUsers() {
  const client = useClient()
  return useQuery({
    queryKey: ['users'],
    queryFn: async ({ signal }) => (await client.listUsers({ signal })).users,
  })
}

export function useTokens() {
  const client = useClient()
  return useQuery({
    queryKey: ['tokens'],
    queryFn: async ({ signal }) => (await client.listTokens({ signal })).tokens,
  })
}

export function useWebhook(app: string) {
  const client = useClient()
  return useQuery({
    queryKey: ['webhook', app],
    queryFn: async ({ signal }) => (await client.getWebhook({ params: { app }, signal })).webhook,
    refetchInterval: pollInterval,
  })
}

/** Reports to the forge of an app. Polled, because they cause no event. */
export function useForge(app: string) {
  const client = useClient()
  return useQuery({
    queryKey: ['forge', app],
    queryFn: ({ signal }) => client.getForge({ params: { app }, signal }),
    refetchInterval: pollInterval,
  })
}

const deliveryPage = 50

/** Webhook deliveries of an app. Polled, because they cause no event. */
export function useWebhookDeliveries(app: string) {
  const client = useClient()
  return useInfiniteQuery({
    queryKey: ['webhook', app, 'deliveries'],
    queryFn: ({ pageParam, signal }) =>
      client.listWebhookDeliveries({
        params: { app },
        query: { limit: deliveryPage, ...(pageParam === null ? {} : { before: pageParam }) },
        signal,
      }),
    initialPageParam: null as number | null,
    getNextPageParam: ({ deliveries }) =>
      deliveries.length < deliveryPage ? null : (deliveries.at(-1)?.number ?? null),
    placeholderData: keepPreviousData,
    refetchInterval: 2000,
  })
}

/** The pull requests of an app. Polled, because a failure to reach the forge causes no event. */
export function usePullRequests(app: string, state?: PullRequest['state'], limit = 200) {
  const client = useClient()
  return useQuery({
    queryKey: ['pull-requests', app, state ?? '', limit],
    queryFn: ({ signal }) =>
      client.listPullRequests({
        params: { app },
        query: { limit, ...(state ? { state } : {}) },
        signal,
      }),
    placeholderData: keepPreviousData,
    refetchInterval: pollInterval,
  })
}

export function useMe() {
  const client = useClient()
  return useQuery({
    queryKey: ['me'],
    queryFn: ({ signal }) => client.me({ signal }),
    staleTime: 60_000,
  })
}

export function useHealth() {
  const client = useClient()
  return useQuery({
    queryKey: ['health'],
    queryFn: ({ signal }) => client.health({ signal }),
    refetchInterval: pollInterval,
  })
}

/**
 * Whether the signed-in user has a role for an app, or, with null, for all apps. True until the
 * grants are loaded; the server decides in any case.
 */
export function useMay(needed: Role, app: string | null): boolean {
  const { data } = useMe()
  return data === undefined || may(data, needed, app)
}
