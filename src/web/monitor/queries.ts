import { useQuery } from '@tanstack/react-query'
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

/** What was measured of an app in the last minutes. */
export function useSignals(app: string, minutes: number) {
  const client = useClient()
  return useQuery({
    queryKey: ['signals', app, minutes],
    queryFn: ({ signal }) => client.listSignals({ params: { app }, query: { minutes }, signal }),
    refetchInterval: 10_000,
  })
}
