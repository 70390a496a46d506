import { useQuery } from '@tanstack/react-query'
import { useClient } from '../live/dependencies.tsx'

/** What the page shows of its components, and its address. */
export function useStatusComponents() {
  const client = useClient()
  return useQuery({
    queryKey: ['status-page', 'components'],
    queryFn: ({ signal }) => client.listStatusComponents({ signal }),
    refetchInterval: 5000,
  })
}

/** What customers are told about incidents, and the drafts. */
export function useStatusUpdates() {
  const client = useClient()
  return useQuery({
    queryKey: ['status-page', 'incidents'],
    queryFn: async ({ signal }) => (await client.listStatusUpdates({ signal })).incidents,
    refetchInterval: 5000,
  })
}

/** The status pages of the installation; only administrators may read them. */
export function useStatusPages() {
  const client = useClient()
  return useQuery({
    queryKey: ['status-page', 'pages'],
    queryFn: async ({ signal }) => (await client.listStatusPages({ signal })).pages,
  })
}
