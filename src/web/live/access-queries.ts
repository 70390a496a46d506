import { useQuery } from '@tanstack/react-query'
import type { Role } from '#contract/endpoint.ts'
import { may } from '#contract/access/grants.ts'
import { useClient } from './dependencies.tsx'
import { pollInterval } from './poll-interval.ts'

export function useProvider() {
  const client = useClient()
  return useQuery({
    queryKey: ['provider'],
    queryFn: async ({ signal }) => (await client.getProvider({ signal })).provider,
    staleTime: Infinity,
  })
}

export function useSessions() {
  const client = useClient()
  return useQuery({
    queryKey: ['sessions'],
    queryFn: async ({ signal }) => (await client.listSessions({ signal })).sessions,
    // Users with roles for some apps only do not receive events about sessions.
    refetchInterval: pollInterval,
  })
}

export function useUsers() {
  const client = useClient()
  return useQuery({
    queryKey: ['users'],
    queryFn: async ({ signal }) => (await client.listUsers({ signal })).users,
  })
}

export function useTokens() {
  const client = useClient()
  return useQuery({
    queryKey: ['tokens'],
    queryFn: async ({ signal }) => (await client.listTokens({ signal })).tokens,
  })
}

export function useMe() {
  const client = useClient()
  return useQuery({
    queryKey: ['me'],
    queryFn: ({ signal }) => client.me({ signal }),
    staleTime: 60_000,
  })
}

/**
 * Whether the signed-in user has a role for an app, or, with null, for all apps. True until the
 * grants are loaded; the server decides in any case.
 */
export function useMay(needed: Role, app: string | null): boolean {
  const { data } = useMe()
  return data === undefined || may(data, needed, app)
}
