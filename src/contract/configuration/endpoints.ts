import { z } from 'zod'
import { name } from '#contract/app/app.ts'
import { endpoint } from '#contract/endpoint.ts'
import { configuration } from '#contract/environment/environment.ts'
import { inApp, inEnvironment, limit } from '#contract/params.ts'
import { deployment } from '#contract/run/run.ts'
import { comparison, configurationFile, explanation } from './comparison.ts'
import { configurationRestart } from './restart.ts'
import { allowedPrefix, secretPrefix } from './secret-prefix.ts'

/** A value that the environment of a process can hold. */
const value = z
  .string()
  .max(32_768)
  .refine((text) => !text.includes('\0'), 'must not contain the character NUL')

/** Variables and secrets of environments. */
export const configurationEndpoints = {
  getConfiguration: endpoint({
    method: 'GET',
    path: '/apps/{app}/environments/{environment}/configuration',
    role: 'viewer',
    summary:
      'Show the configuration in force, after a rollback the one that runs, without secret values',
    params: inEnvironment,
    output: configuration.extend({
      /** the version that the next delivery gets, if it is another one */
      next: z.number().int().nullable(),
    }),
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
      variables: z.record(z.string(), value.nullable()).default({}),
      secrets: z.record(z.string(), value.nullable()).default({}),
      /**
       * secrets whose values an external source holds, such as
       * `vault:secret/data/shop#password`
       */
      references: z.record(z.string(), z.string().max(1000)).default({}),
      /** environments that get the same change, each after it is live in the one before */
      also: z.array(name).max(50).default([]),
    }),
    output: z.object({
      configuration,
      deployment: deployment.nullable(),
      /** what may be wrong with the change, in one sentence */
      warning: z.string().nullable(),
    }),
  }),
  listConfigurationRestarts: endpoint({
    method: 'GET',
    path: '/apps/{app}/environments/{environment}/configuration/restarts',
    role: 'viewer',
    summary:
      'List the services that run once and use one of some names, with how long clients waited ' +
      'at the last restart: a change of the name restarts them',
    params: inEnvironment,
    query: z.object({
      /** separated by commas */
      names: z.string().min(1).max(20_000),
    }),
    output: z.object({ restarts: z.array(configurationRestart) }),
  }),
  explainConfiguration: endpoint({
    method: 'GET',
    path: '/apps/{app}/environments/{environment}/configuration/explanation',
    role: 'viewer',
    summary: 'Show where the value of a name comes from, who set it, and whether it runs',
    params: inEnvironment,
    query: z.object({ name: z.string().min(1).max(200) }),
    output: explanation,
  }),
  explainConfigurations: endpoint({
    method: 'GET',
    path: '/apps/{app}/environments/{environment}/configuration/explanations',
    role: 'viewer',
    summary: 'Show the same for every name that is set, in alphabetical order',
    params: inEnvironment,
    output: z.object({ explanations: z.array(explanation) }),
  }),
  listConfiguredEnvironments: endpoint({
    method: 'GET',
    path: '/apps/{app}/configurations',
    role: 'viewer',
    summary:
      'List the names of the environments that have variables or secrets, ' +
      'also before their first delivery',
    params: inApp,
    output: z.object({ environments: z.array(z.string()) }),
  }),
  compareConfigurations: endpoint({
    method: 'GET',
    path: '/apps/{app}/environments/{environment}/configuration/comparison',
    role: 'viewer',
    summary:
      'Compare the configuration in force with what runs, with another version, or with another ' +
      'environment; secrets are the same or differ',
    params: inEnvironment,
    query: z.object({
      /** default: the version in force */
      version: z.coerce.number().int().min(0).optional(),
      /** environment to compare with; default: the same */
      other: name.optional(),
      /** default: the version in force of another environment, or the one that runs in the same */
      otherVersion: z.coerce.number().int().min(0).optional(),
    }),
    output: comparison,
  }),
  listConfigurationFiles: endpoint({
    method: 'GET',
    path: '/apps/{app}/environments/{environment}/configuration/files',
    role: 'viewer',
    summary:
      'Show the configuration files of the services as the configuration in force renders them, ' +
      'without secret values',
    params: inEnvironment,
    output: z.object({ files: z.array(configurationFile) }),
  }),
  listSecretPrefixes: endpoint({
    method: 'GET',
    path: '/apps/{app}/secret-prefixes',
    role: 'viewer',
    summary: 'List the places in external stores that the secrets of an app may be read from',
    params: inApp,
    output: z.object({ prefixes: z.array(allowedPrefix) }),
  }),
  changeSecretPrefixes: endpoint({
    method: 'PATCH',
    path: '/apps/{app}/secret-prefixes',
    role: 'admin',
    summary:
      'Allow places in external stores for the secrets of an app, or remove them; requires the ' +
      'role for all apps',
    params: inApp,
    body: z.object({
      allow: z.array(secretPrefix).max(100).default([]),
      remove: z.array(secretPrefix).max(100).default([]),
    }),
    output: z.object({ prefixes: z.array(allowedPrefix) }),
  }),
}
