import {
  keepPreviousData,
  useInfiniteQuery,
  useQueries,
  useQuery,
  useQueryClient,
} from '@tanstack/react-query'
import { hasEnded } from '#contract/job/job.ts'
import { useClient } from '../live/dependencies.tsx'

/** Interval in milliseconds; events make the data stale sooner. */
const pollInterval = 15_000
const pageSize = 40

/** The jobs of each environment. */
export function useJobs(app: string, environments: string[]) {
  const client = useClient()
  return useQueries({
    queries: environments.map((environment) => ({
      queryKey: ['jobs', app, 'of', environment],
      queryFn: async ({ signal }: { signal: AbortSignal }) => ({
        environment,
        jobs: (await client.listJobs({ params: { app, environment }, signal })).jobs,
      }),
      refetchInterval: pollInterval,
    })),
    combine: (results) => ({
      data: results.every(({ data }) => data !== undefined)
        ? results.flatMap(({ data }) => data ?? [])
        : undefined,
      error: results.find(({ error }) => error !== null)?.error ?? null,
      refetch: () => Promise.all(results.map(({ refetch }) => refetch())),
    }),
  })
}

export function useJobRuns(app: string, filters: { environment?: string; job?: string }) {
  const client = useClient()
  return useInfiniteQuery({
    queryKey: ['jobs', app, 'runs', filters],
    queryFn: async ({ pageParam, signal }) =>
      (
        await client.listJobRuns({
          params: { app },
          query: {
            ...{ ...filters, limit: pageSize },
            ...(pageParam === null ? {} : { before: pageParam }),
          },
          signal,
        })
      ).jobRuns,
    initialPageParam: null as number | null,
    getNextPageParam: (page) => (page.length < pageSize ? null : (page.at(-1)?.id ?? null)),
    placeholderData: keepPreviousData,
    refetchInterval: pollInterval,
  })
}

export function useJobRun(app: string, jobRun: number) {
  const client = useClient()
  return useQuery({
    queryKey: ['jobs', app, 'run', jobRun],
    queryFn: ({ signal }) => client.getJobRun({ params: { app, jobRun }, signal }),
    refetchInterval: ({ state }) =>
      state.data && hasEnded(state.data.state) ? false : pollInterval,
  })
}

/** Fetches what is shown of the jobs of an app again. */
export function useRefreshJobs(app: string): () => Promise<void> {
  const queries = useQueryClient()
  return () => queries.invalidateQueries({ queryKey: ['jobs', app] })
}
