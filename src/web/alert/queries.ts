import { useQuery } from '@tanstack/react-query'
import type { Alert } from '#contract/alert/alert.ts'
import { useClient } from '../live/dependencies.tsx'

export type AlertChoice = Alert['state'] | 'unresolved'

/** Alerts, newest first. Polled, because silences and acknowledgements end without an event. */
export function useAlerts(filters: { app?: string; state?: AlertChoice }) {
  const client = useClient()
  return useQuery({
    queryKey: ['alerts', filters],
    queryFn: async ({ signal }) =>
      (await client.listAlerts({ query: { ...filters, limit: 100 }, signal })).alerts,
    refetchInterval: 3000,
  })
}

export function useAlert(alert: number) {
  const client = useClient()
  return useQuery({
    queryKey: ['alerts', alert],
    queryFn: ({ signal }) => client.getAlert({ params: { alert }, signal }),
    refetchInterval: 3000,
  })
}
