import { useQuery } from '@tanstack/react-query'
import { useClient } from '../live/dependencies.tsx'
import { pollInterval } from '../live/poll-interval.ts'

/** The maintenance page of an environment; null when none is shown. */
export function useMaintenance(app: string, environment: string) {
  const client = useClient()
  return useQuery({
    queryKey: ['maintenance', app, environment],
    queryFn: async ({ signal }) =>
      (await client.getMaintenance({ params: { app, environment }, signal })).maintenance,
    refetchInterval: pollInterval,
  })
}
