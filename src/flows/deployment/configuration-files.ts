import { posix } from 'node:path'
import type { PipelineFile } from '#contract/pipeline-file/pipeline-file.ts'
import { referenceOf, type StoredConfiguration } from '#domains/configuration/configuration.ts'
import { serviceFiles, serviceValues } from '#domains/configuration/layers.ts'
import { renderFile, type Rendering } from '#domains/configuration/render.ts'
import { schemaProblems } from '#domains/configuration/schema.ts'
import { getStored, sealedAs } from '#domains/configuration/store.ts'
import { namesIn } from '#domains/configuration/template.ts'
import { readFileOf } from '#domains/source/heads.ts'
import type { Dependencies } from '#flows/dependencies.ts'
import { type Neighbour, portProblems, sharedPortProblems } from './exclusive-spec.ts'
import { hostNameOf } from './targets.ts'

/** A commit of an app with its fairlead.yaml. */
export interface Commit {
  app: string
  sha: string
  definition: PipelineFile
}

/** The values of an environment that people set. */
export interface SetValues {
  variables: Record<string, string>
  secrets: Record<string, string>
}

/** A rendered file of a service, or why it cannot be rendered. */
export interface ServiceRendering {
  service: string
  path: string
  template: string
  rendering: Rendering
}

/** Renders the configuration files of every service in an environment. */
export async function renderFiles(
  deps: Pick<Dependencies, 'source' | 'hostName'>,
  { app, sha, definition }: Commit,
  environment: string,
  set: SetValues,
): Promise<ServiceRendering[]> {
  const host = hostNameOf(deps, definition, environment)
  const requests = Object.keys(definition.services).flatMap((service) => {
    const values = serviceValues(definition, { environment, service, host }, set)
    const files = serviceFiles(definition, { environment, service })
    return Object.entries(files).map(([path, file]) => ({ service, path, file, values }))
  })
  const names = [...new Set(requests.map(({ file }) => file.template))]
  const read = await readFiles(deps, app, sha, names)
  const secrets = new Set(Object.keys(set.secrets))
  return requests.map(({ service, path, file, values }) => ({
    ...{ service, path, template: file.template },
    rendering: renderFile({
      ...{ path, file, secrets, template: read.get(file.template) ?? null },
      values: { ...values, fairlead: { app, environment, service } },
    }),
  }))
}

/** The names that the template of each configuration file reads. */
export async function templatesOf(
  deps: Pick<Dependencies, 'source'>,
  { app, sha, definition }: Commit,
  environment: string,
): Promise<{ service: string; path: string; names: string[] }[]> {
  const files = Object.keys(definition.services).flatMap((service) =>
    Object.entries(serviceFiles(definition, { environment, service })).map(([path, file]) => ({
      ...{ service, path, template: file.template },
    })),
  )
  const texts = await readFiles(deps, app, sha, [...new Set(files.map((one) => one.template))])
  return files.map(({ service, path, template }) => ({
    ...{ service, path, names: namesIn(texts.get(template) ?? '') },
  }))
}

/** The texts of files of a commit, by their paths from the folder of the app. */
async function readFiles(
  { source }: Pick<Dependencies, 'source'>,
  app: string,
  sha: string,
  paths: string[],
): Promise<Map<string, string | null>> {
  if (paths.length === 0) return new Map()
  const folder = (await source.stored(app))?.folder ?? '.'
  const read = paths.map(async (path) => {
    const text = await readFileOf(source.bareOf(app), sha, posix.join(folder, path))
    return [path, text] as const
  })
  return new Map(await Promise.all(read))
}

/** The text of the schema of a commit; null when it has none. */
export async function readSchema(
  deps: Pick<Dependencies, 'source'>,
  { app, sha, definition }: Commit,
): Promise<string | null> {
  const path = definition.config?.schema
  if (path === undefined) return null
  return (await readFiles(deps, app, sha, [path])).get(path) ?? null
}

/** A problem of a configuration; `name` is null when it is about no single name. */
export interface ConfigurationProblem {
  name: string | null
  problem: string
}

/**
 * Checks the values of an environment against the schema and the templates of a commit. A secret
 * whose store does not answer now counts as set, and its files are checked when they are deployed.
 */
export async function configurationProblems(
  deps: Pick<Dependencies, 'db' | 'source' | 'hostName' | 'secrets' | 'references'>,
  commit: Commit,
  environment: string,
  stored: Pick<StoredConfiguration, 'variables' | 'secrets'>,
): Promise<ConfigurationProblem[]> {
  const { definition } = commit
  if (!hasConfiguration(definition, environment)) return []
  const { secrets, unread } = await openKnown(deps, { ...commit, environment }, stored.secrets)
  const set = { variables: stored.variables, secrets }
  const host = hostNameOf(deps, definition, environment)
  const valuesOf = (service: string): Record<string, string> =>
    serviceValues(definition, { environment, service, host }, set)
  return [
    ...(await schemaProblemsOf(deps, commit, environment, set, unread)),
    ...portProblems(definition.services, unread, valuesOf),
    ...sharedPortProblems(
      definition.services,
      valuesOf,
      await neighboursOf(deps, commit, environment),
    ),
    ...(await renderFiles(deps, commit, environment, set)).flatMap(({ rendering }) =>
      rendering.problem === null ? [] : [{ name: null, problem: rendering.problem }],
    ),
  ].filter(({ problem }) => !unread.some((name) => problem.includes(name)))
}

/** The other environments of an app on the same machine, where services have ports of their own. */
async function neighboursOf(
  deps: Pick<Dependencies, 'db' | 'hostName'>,
  { app, definition }: Commit,
  environment: string,
): Promise<Neighbour[]> {
  if (!Object.values(definition.services).some(({ port }) => typeof port === 'string')) return []
  const host = hostNameOf(deps, definition, environment)
  const others = Object.keys(definition.environments).filter(
    (one) => one !== environment && hostNameOf(deps, definition, one) === host,
  )
  const read = others.map(async (other) => {
    const { variables } = await getStored(deps.db, app, other)
    const set = { variables, secrets: {} }
    return {
      environment: other,
      valuesOf: (service: string) =>
        serviceValues(definition, { environment: other, service, host }, set),
    }
  })
  return Promise.all(read)
}

function hasConfiguration(definition: PipelineFile, environment: string): boolean {
  return (
    definition.config?.schema !== undefined ||
    Object.values(definition.services).some(({ port }) => typeof port === 'string') ||
    Object.keys(definition.services).some(
      (service) => Object.keys(serviceFiles(definition, { environment, service })).length > 0,
    )
  )
}

async function schemaProblemsOf(
  deps: Pick<Dependencies, 'source' | 'hostName'>,
  commit: Commit,
  environment: string,
  set: SetValues,
  unread: string[],
): Promise<ConfigurationProblem[]> {
  const { definition } = commit
  const path = definition.config?.schema
  if (path === undefined) return []
  const text = await readSchema(deps, commit)
  if (text === null) return [{ name: null, problem: `the repository has no schema ${path}` }]
  const services = Object.keys(definition.services)
  const host = hostNameOf(deps, definition, environment)
  const values = services.map((service) =>
    serviceValues(definition, { environment, service, host }, set),
  )
  try {
    return schemaProblems(text, Object.assign({}, ...values) as Record<string, string>, unread).map(
      ({ name, problem }) => ({ name, problem: `${problem}, says ${path}` }),
    )
  } catch (error) {
    return [{ name: null, problem: `${path} cannot be used: ${(error as Error).message}` }]
  }
}

async function openKnown(
  deps: Pick<Dependencies, 'secrets' | 'references'>,
  { app, environment }: { app: string; environment: string },
  stored: Record<string, string>,
): Promise<{ secrets: Record<string, string>; unread: string[] }> {
  const opened = await Promise.all(
    Object.entries(stored).map(async ([name, sealed]) => {
      const reference = referenceOf(sealed)
      if (reference === null)
        return [name, deps.secrets.open(sealedAs(app, environment, name), sealed, name)] as const
      return [name, await deps.references.read(app, reference).catch(() => null)] as const
    }),
  )
  return {
    secrets: Object.fromEntries(opened.map(([name, value]) => [name, value ?? ''])),
    unread: opened.flatMap(([name, value]) => (value === null ? [name] : [])),
  }
}

/** Why a commit must not be delivered: the first problem of an environment's configuration. */
export async function commitProblem(deps: Dependencies, commit: Commit): Promise<string | null> {
  for (const environment of Object.keys(commit.definition.environments)) {
    const stored = await getStored(deps.db, commit.app, environment)
    const [first] = await configurationProblems(deps, commit, environment, stored)
    if (first) return `the configuration of ${environment} is not valid: ${sentenceOf(first)}`
  }
  return null
}

export const sentenceOf = ({ name, problem }: ConfigurationProblem): string =>
  name === null ? problem : `${name} ${problem}`
