import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useClient } from '../live/dependencies.tsx'

/** Intervals in milliseconds; events make the data stale sooner. */
const intervals = { running: 1000, ended: 15_000 }

export interface Place {
  app: string
  environment: string
}

export function useMachines({ app, environment }: Place) {
  const client = useClient()
  return useQuery({
    queryKey: ['machines', app, environment],
    queryFn: async ({ signal }) => {
      const params = { app, environment }
      const [{ machines }, { machineRuns }] = await Promise.all([
        client.listMachines({ params, signal }),
        client.listMachineRuns({ params: { app }, query: { environment, limit: 5 }, signal }),
      ])
      return { machines, machineRuns }
    },
    refetchInterval: ({ state }) =>
      state.data?.machineRuns.some((run) => run.ended === null)
        ? intervals.running
        : intervals.ended,
  })
}

export function useMachineRun(app: string, machineRun: number) {
  const client = useClient()
  return useQuery({
    queryKey: ['machines', app, 'run', machineRun],
    queryFn: ({ signal }) => client.getMachineRun({ params: { app, machineRun }, signal }),
    refetchInterval: ({ state }) => (state.data?.ended === null ? intervals.running : false),
  })
}

/** Fetches what is shown of the machines of an app again. */
export function useRefreshMachines(app: string): () => Promise<void> {
  const queries = useQueryClient()
  return () => queries.invalidateQueries({ queryKey: ['machines', app] })
}
