import { keepPreviousData, useInfiniteQuery, useQueries, useQuery } from '@tanstack/react-query'
import type { RunState } from '../ui/state.ts'
import { useClient } from './dependencies.tsx'
import { pollInterval } from './poll-interval.ts'

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

export const pageSize = 40

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
