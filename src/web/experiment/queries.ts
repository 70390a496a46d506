import { keepPreviousData, useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query'
import { hasEndedExperiment } from '#contract/experiment/experiment.ts'
import { useClient } from '../live/dependencies.tsx'
import { pollInterval } from '../live/poll-interval.ts'

const pageSize = 40
/** Interval in milliseconds while a run has not ended. */
const livePollMs = 1000

export function useExperiments(app: string) {
  const client = useClient()
  return useQuery({
    queryKey: ['experiments', app],
    queryFn: ({ signal }) => client.listExperiments({ params: { app }, signal }),
    refetchInterval: pollInterval,
  })
}

export function useExperimentRuns(app: string) {
  const client = useClient()
  return useInfiniteQuery({
    queryKey: ['experiments', app, 'runs'],
    queryFn: async ({ pageParam, signal }) =>
      (
        await client.listExperimentRuns({
          params: { app },
          query: { limit: pageSize, ...(pageParam === null ? {} : { before: pageParam }) },
          signal,
        })
      ).experimentRuns,
    initialPageParam: null as number | null,
    getNextPageParam: (page) => (page.length < pageSize ? null : (page.at(-1)?.id ?? null)),
    placeholderData: keepPreviousData,
    refetchInterval: pollInterval,
  })
}

export function useExperimentRun(app: string, experimentRun: number) {
  const client = useClient()
  return useQuery({
    queryKey: ['experiments', app, 'run', experimentRun],
    queryFn: ({ signal }) => client.getExperimentRun({ params: { app, experimentRun }, signal }),
    refetchInterval: ({ state }) =>
      state.data && hasEndedExperiment(state.data.state) ? false : livePollMs,
  })
}

/** What an experiment would hit now, and why it would not run; read while a dialog asks. */
export function useExperimentPreview(
  params: { app: string; environment: string; experiment: string },
  enabled: boolean,
) {
  const client = useClient()
  return useQuery({
    queryKey: ['experiments', params.app, 'preview', params],
    queryFn: ({ signal }) => client.previewExperiment({ params, signal }),
    enabled,
    staleTime: 0,
  })
}

/** Fetches what is shown of the experiments of an app again. */
export function useRefreshExperiments(app: string): () => Promise<void> {
  const queries = useQueryClient()
  return () => queries.invalidateQueries({ queryKey: ['experiments', app] })
}
