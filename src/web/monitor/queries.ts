import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useClient } from '../live/dependencies.tsx'

/** What is watched. Polled, because not every change of a monitor is an event. */
export function useMonitors(app?: string) {
  const client = useClient()
  return useQuery({
    queryKey: ['monitors', app ?? ''],
    queryFn: async ({ signal }) =>
      (await client.listMonitors({ query: app === undefined ? {} : { app }, signal })).monitors,
    refetchInterval: 5000,
  })
}

/** The objectives of an app, with what is left of their error budgets. */
export function useSlos(app: string) {
  const client = useClient()
  return useQuery({
    queryKey: ['slos', app],
    queryFn: async ({ signal }) => (await client.listSlos({ query: { app }, signal })).slos,
    refetchInterval: 10_000,
  })
}

/** An objective with the counts of each hour, by the number of its monitor. */
export function useSlo(app: string, monitor: number) {
  const client = useClient()
  return useQuery({
    queryKey: ['slos', app, monitor],
    queryFn: ({ signal }) => client.getSlo({ params: { app, monitor }, signal }),
    refetchInterval: 30_000,
  })
}

/** The metrics that an app exposes, and the values of one in the last minutes. */
export function useMetrics(
  app: string,
  { environment, metric, minutes }: { environment: string; metric: string; minutes: number },
) {
  const client = useClient()
  return useQuery({
    queryKey: ['metrics', app, environment, metric, minutes],
    queryFn: ({ signal }) =>
      client.listMetrics({
        params: { app },
        query: {
          minutes,
          ...(environment === '' ? {} : { environment }),
          ...(metric === '' ? {} : { metric }),
        },
        signal,
      }),
    refetchInterval: 10_000,
    placeholderData: keepPreviousData,
  })
}

/** What was measured of an app in the last minutes. */
export function useSignals(app: string, minutes: number) {
  const client = useClient()
  return useQuery({
    queryKey: ['signals', app, minutes],
    queryFn: ({ signal }) => client.listSignals({ params: { app }, query: { minutes }, signal }),
    refetchInterval: 10_000,
  })
}

/** One monitor of an app with its settings and its changes. */
export function useMonitor(app: string, monitor: number) {
  const client = useClient()
  return useQuery({
    queryKey: ['monitors', app, monitor],
    queryFn: ({ signal }) => client.getMonitor({ params: { app, monitor }, signal }),
    refetchInterval: 5000,
  })
}
