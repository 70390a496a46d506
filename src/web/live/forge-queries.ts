import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query'
import type { PullRequest } from '#contract/pull-request/pull-request.ts'
import { useClient } from './dependencies.tsx'
import { pollInterval } from './poll-interval.ts'

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
