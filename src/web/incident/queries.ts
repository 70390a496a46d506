import { useQuery } from '@tanstack/react-query'
import type { Incident } from '#contract/incident/incident.ts'
import { useClient } from '../live/dependencies.tsx'

/** Incidents, newest first, and how often the ranking of changes was right. */
export function useIncidents(filters: { app?: string; state?: Incident['state'] | 'unclosed' }) {
  const client = useClient()
  return useQuery({
    queryKey: ['incidents', filters],
    queryFn: ({ signal }) => client.listIncidents({ query: { ...filters, limit: 100 }, signal }),
    refetchInterval: 3000,
  })
}

export function useIncident(incident: number) {
  const client = useClient()
  return useQuery({
    queryKey: ['incidents', incident],
    queryFn: ({ signal }) => client.getIncident({ params: { incident }, signal }),
    refetchInterval: 3000,
  })
}

/** Whom an incident hit. */
export function useImpact(incident: number) {
  const client = useClient()
  return useQuery({
    queryKey: ['incidents', incident, 'impact'],
    queryFn: ({ signal }) => client.getIncidentImpact({ params: { incident }, signal }),
    refetchInterval: 10_000,
  })
}
