import { useQuery } from '@tanstack/react-query'
import type { ReviewAudience } from '#contract/review/review.ts'
import { useClient } from '../live/dependencies.tsx'

/** Reviews, newest first. */
export function useReviews(filters: { app?: string; audience?: ReviewAudience }) {
  const client = useClient()
  return useQuery({
    queryKey: ['reviews', filters],
    queryFn: async ({ signal }) =>
      (await client.listReviews({ query: { ...filters, limit: 100 }, signal })).reviews,
    refetchInterval: 10_000,
  })
}

export function useReview(incident: number) {
  const client = useClient()
  return useQuery({
    queryKey: ['reviews', incident],
    queryFn: ({ signal }) => client.getReview({ params: { incident }, signal }),
    refetchInterval: 10_000,
  })
}
