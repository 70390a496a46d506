import { useQuery } from '@tanstack/react-query'
import { useClient } from './dependencies.tsx'

/** The versions of a configuration, newest first, and the one that runs, also after a rollback. */
export function useConfigurations(app: string, environment: string) {
  const client = useClient()
  return useQuery({
    queryKey: ['configuration', app, environment],
    queryFn: async ({ signal }) => {
      const params = { app, environment }
      const [{ configurations: versions }, running] = await Promise.all([
        client.listConfigurations({ params, query: { limit: 50 }, signal }),
        client.getConfiguration({ params, signal }),
      ])
      return { versions, running }
    },
  })
}

/** The places in external stores that the secrets of an app may be read from. */
export function useSecretPrefixes(app: string) {
  const client = useClient()
  return useQuery({
    queryKey: ['secret-prefixes', app],
    queryFn: async ({ signal }) =>
      (await client.listSecretPrefixes({ params: { app }, signal })).prefixes,
  })
}

/** Where the value of each name comes from. */
export function useExplanations(app: string, environment: string) {
  const client = useClient()
  return useQuery({
    queryKey: ['configuration', app, environment, 'explanations'],
    queryFn: async ({ signal }) =>
      (await client.explainConfigurations({ params: { app, environment }, signal })).explanations,
  })
}

/** The configuration files of the services of an environment. */
export function useConfigurationFiles(app: string, environment: string) {
  const client = useClient()
  return useQuery({
    queryKey: ['configuration', app, environment, 'files'],
    queryFn: async ({ signal }) =>
      (await client.listConfigurationFiles({ params: { app, environment }, signal })).files,
  })
}

/** The environments that have variables or secrets, also before their first delivery. */
export function useConfiguredEnvironments(app: string) {
  const client = useClient()
  return useQuery({
    queryKey: ['configuration', app],
    queryFn: async ({ signal }) =>
      (await client.listConfiguredEnvironments({ params: { app }, signal })).environments,
  })
}

/** What a change of one name does to the services that run once. */
export function useConfigurationRestarts(app: string, environment: string, name: string) {
  const client = useClient()
  return useQuery({
    queryKey: ['configuration', app, environment, 'restarts', name],
    enabled: name !== '',
    queryFn: async ({ signal }) => {
      const query = { names: name }
      const answer = await client.listConfigurationRestarts({
        ...{ params: { app, environment }, query, signal },
      })
      return answer.restarts
    },
  })
}
