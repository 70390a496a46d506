import { z } from 'zod'
import { endpoint } from '#contract/endpoint.ts'
import { configuration } from '#contract/environment/environment.ts'
import { inEnvironment, limit } from '#contract/params.ts'
import { deployment } from '#contract/run/run.ts'

/** Variables and secrets of environments. */
export const configurationEndpoints = {
  getConfiguration: endpoint({
    method: 'GET',
    path: '/apps/{app}/environments/{environment}/configuration',
    role: 'viewer',
    summary: 'Show the configuration in force, without secret values',
    params: inEnvironment,
    output: configuration,
  }),
  listConfigurations: endpoint({
    method: 'GET',
    path: '/apps/{app}/environments/{environment}/configurations',
    role: 'viewer',
    summary: 'List the versions of the configuration of an environment',
    params: inEnvironment,
    query: z.object({ limit }),
    output: z.object({ configurations: z.array(configuration) }),
  }),
  changeConfiguration: endpoint({
    method: 'PATCH',
    path: '/apps/{app}/environments/{environment}/configuration',
    role: 'operator',
    summary: 'Set or unset (null) variables and secrets; creates a version and a deployment of it',
    params: inEnvironment,
    body: z.object({
      variables: z.record(z.string(), z.string().max(32_768).nullable()).default({}),
      secrets: z.record(z.string(), z.string().max(32_768).nullable()).default({}),
      /**
       * secrets whose values an external source holds, such as
       * `vault:secret/data/shop#password`
       */
      references: z.record(z.string(), z.string().max(1000)).default({}),
    }),
    output: z.object({ configuration, deployment: deployment.nullable() }),
  }),
}
