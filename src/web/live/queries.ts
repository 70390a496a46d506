import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query'
import type { EventFilters } from './patch.ts'
import { useClient } from './dependencies.tsx'
import { pollInterval } from './poll-interval.ts'

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

const deploymentPage = 50

/** The deployments that the delivery figures count. */
export function useCountedDeployments(query: { app?: string; days: number; failed?: 'true' }) {
  const client = useClient()
  return useInfiniteQuery({
    queryKey: ['figures', 'deployments', query],
    queryFn: ({ pageParam, signal }) =>
      client.listCountedDeployments({
        query: {
          ...query,
          limit: deploymentPage,
          ...(pageParam === null ? {} : { before: pageParam }),
        },
        signal,
      }),
    initialPageParam: null as number | null,
    getNextPageParam: (page) => page.next,
    placeholderData: keepPreviousData,
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

export function useHealth() {
  const client = useClient()
  return useQuery({
    queryKey: ['health'],
    queryFn: ({ signal }) => client.health({ signal }),
    refetchInterval: pollInterval,
  })
}
