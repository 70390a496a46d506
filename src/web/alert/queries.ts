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

/** The silences that have not ended. */
export function useSilences(app: string) {
  const client = useClient()
  return useQuery({
    queryKey: ['alerts', 'silences', app],
    queryFn: async ({ signal }) =>
      (await client.listSilences({ query: app === '' ? {} : { app }, signal })).silences,
    refetchInterval: 10_000,
  })
}

/** How noisy alerts were in the last weeks. */
export function useAlertFigures(app: string) {
  const client = useClient()
  return useQuery({
    queryKey: ['alerts', 'figures', app],
    queryFn: ({ signal }) => client.getAlertFigures({ query: app === '' ? {} : { app }, signal }),
    staleTime: 60_000,
  })
}

/** How often the suspects of an app's alerts were right. */
export function useSuspectRecord(app: string) {
  const client = useClient()
  return useQuery({
    queryKey: ['alerts', 'suspects', app],
    queryFn: ({ signal }) => client.getSuspectRecord({ params: { app }, signal }),
  })
}
