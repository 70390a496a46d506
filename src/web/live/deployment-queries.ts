import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query'
import type { Deployment } from '#contract/run/run.ts'
import { FairleadError } from '#contract/errors.ts'
import type { DeploymentState } from '../ui/state.ts'
import { useClient } from './dependencies.tsx'
import { pageSize } from './run-queries.ts'

export function useDeployments(filters: {
  app?: string
  environment?: string
  state?: DeploymentState
}) {
  const client = useClient()
  return useInfiniteQuery({
    queryKey: ['deployments', filters],
    queryFn: ({ pageParam, signal }) =>
      client.listDeployments({
        query: {
          ...filters,
          limit: pageSize,
          ...(pageParam === null ? {} : { before: pageParam }),
        },
        signal,
      }),
    initialPageParam: null as number | null,
    getNextPageParam: (page) => page.next,
    placeholderData: keepPreviousData,
  })
}

export function useDeployment(deployment: number) {
  const client = useClient()
  return useQuery({
    queryKey: ['deployment', deployment],
    queryFn: ({ signal }) => client.getDeployment({ params: { deployment }, signal }),
  })
}

/** The approvals and windows a deployment waits for. Polled, because a calendar sends no event. */
export function usePermission(deployment: number, isWaiting: boolean) {
  const client = useClient()
  return useQuery({
    queryKey: ['permission', deployment, isWaiting],
    queryFn: ({ signal }) => client.getPermission({ params: { deployment }, signal }),
    refetchInterval: isWaiting ? 2000 : false,
  })
}

/** Time that deployments waited for approvals and windows in the last 30 days, by environment. */
export function useTimeLost(app: string) {
  const client = useClient()
  return useQuery({
    queryKey: ['time-lost', app],
    queryFn: async ({ signal }) =>
      (await client.listTimeLost({ params: { app }, signal })).environments,
  })
}

/** The verdict on a canary; null for a deployment without one. */
export function useVerdict(deployment: number) {
  const client = useClient()
  return useQuery({
    queryKey: ['verdict', deployment],
    queryFn: async ({ signal }) => {
      try {
        return await client.getVerdict({ params: { deployment }, signal })
      } catch (error) {
        if (error instanceof FairleadError && error.code === 'not_found') return null
        throw error
      }
    },
    // Events report changes of state only, not each request.
    refetchInterval: ({ state: { data } }) => (data && data.ended === null ? 1000 : false),
  })
}

export function useEnvironment(app: string, environment: string) {
  const client = useClient()
  return useQuery({
    queryKey: ['environment', app, environment],
    queryFn: ({ signal }) => client.getEnvironment({ params: { app, environment }, signal }),
    refetchInterval: 5000,
  })
}

export function useServiceLog(app: string, environment: string, service: string | undefined) {
  const client = useClient()
  return useQuery({
    queryKey: ['service-log', app, environment, service ?? ''],
    queryFn: async ({ signal }) =>
      (
        await client.getServiceLog({
          params: { app, environment },
          query: { lines: 500, ...(service ? { service } : {}) },
          signal,
        })
      ).lines,
    refetchInterval: 2000,
    placeholderData: keepPreviousData,
  })
}

/** The output of a deployment that has ended. */
export function useDeploymentOutput({ app, environment, id }: Deployment) {
  const client = useClient()
  return useQuery({
    queryKey: ['service-log', app, environment, id],
    queryFn: ({ signal }) =>
      client.getServiceLog({
        params: { app, environment },
        query: { lines: 500, deployment: id },
        signal,
      }),
  })
}
