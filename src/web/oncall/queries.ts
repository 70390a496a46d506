import { useQuery } from '@tanstack/react-query'
import { useClient } from '../live/dependencies.tsx'

export function useRotas() {
  const client = useClient()
  return useQuery({
    queryKey: ['rotas'],
    queryFn: async ({ signal }) => (await client.listRotas({ signal })).rotas,
    refetchInterval: 30_000,
  })
}

export function useRota(rota: string, from: string, days: number) {
  const client = useClient()
  return useQuery({
    queryKey: ['rotas', rota, from, days],
    queryFn: ({ signal }) => client.getRota({ params: { rota }, query: { from, days }, signal }),
    refetchInterval: 30_000,
  })
}

export function useTeams() {
  const client = useClient()
  return useQuery({
    queryKey: ['teams'],
    queryFn: async ({ signal }) => (await client.listTeams({ signal })).teams,
    refetchInterval: 30_000,
  })
}
