import type { HostFile } from '#contract/host/service.ts'
import type { EnvironmentFile } from '#contract/pipeline-file/pipeline-file.ts'
import type { ServiceFile } from '#contract/pipeline-file/service-file.ts'
import { effectiveEnvironment, referenceOf } from '#domains/configuration/configuration.ts'
import { getStored, sealedAs } from '#domains/configuration/store.ts'
import { pick, usedBy } from '#domains/configuration/used.ts'
import { getRelease, listAllEnvironments, type Release } from '#domains/deployment/store.ts'
import type { Fence, ReleaseSpec, ServiceSpec } from '#domains/deployment/target.ts'
import { settleLimits } from '#domains/deployment/settle.ts'
import { declaredInstances, isExclusive } from '#domains/scale/rules.ts'
import { definitionsIn } from '#domains/switch/definition.ts'
import { createKey, getKey } from '#domains/error/store.ts'
import { Failed } from '#engine/workflow.ts'
import type { Dependencies } from '#flows/dependencies.ts'
import { dsnOf } from '#flows/error/key.ts'
import { hostNameOf } from './targets.ts'
import { renderFiles, type SetValues } from './configuration-files.ts'
import { edgeOf } from './edge-spec.ts'
import { exclusiveOf, requirePorts } from './exclusive-spec.ts'

/**
 * The values of the secrets of an environment by name: all, or those in `names`. Pass them to a
 * target or a mask only, never to a result, an event or a log. Throws a Failed when a secret cannot
 * be read from its source.
 */
export async function openSecrets(
  deps: Dependencies,
  app: string,
  environment: string,
  names?: string[],
): Promise<Record<string, string>> {
  const stored = await getStored(deps.db, app, environment)
  const wanted = Object.entries(stored.secrets).filter(
    ([name]) => names === undefined || names.includes(name),
  )
  return unseal(deps, { app, environment }, Object.fromEntries(wanted))
}

async function unseal(
  deps: Dependencies,
  { app, environment }: { app: string; environment: string },
  secrets: Record<string, string>,
): Promise<Record<string, string>> {
  const open = async (name: string, stored: string): Promise<string> => {
    const reference = referenceOf(stored)
    if (reference === null) return deps.secrets.open(sealedAs(app, environment, name), stored, name)
    try {
      return await deps.references.read(app, reference)
    } catch (error) {
      throw new Failed(
        `the secret ${name} cannot be read from ${reference}: ${(error as Error).message}`,
      )
    }
  }
  const opened = Object.entries(secrets).map(
    async ([name, stored]) => [name, await open(name, stored)] as const,
  )
  return Object.fromEntries(await Promise.all(opened))
}

/**
 * The variables of an environment for a command outside of the services of a release; with
 * `isNewest`, those of the newest configuration.
 */
export async function variablesOfRelease(
  deps: Dependencies,
  id: number,
  isNewest: boolean,
): Promise<{ env: Record<string, string>; secrets: string[] }> {
  const release = await getRelease(deps.db, id)
  if (!release) throw new Failed(`release ${id} no longer exists`)
  const from = { app: release.app, environment: release.takenFrom ?? release.environment }
  const version = isNewest ? undefined : release.configuration
  const stored = await getStored(deps.db, from.app, from.environment, version)
  const secrets = release.hasSecrets ? await unseal(deps, from, stored.secrets) : {}
  const file = release.definition.environments[release.environment]
  const fixed = {
    ...file?.env,
    ...file?.hosts?.[hostNameOf(deps, release.definition, release.environment)]?.env,
  }
  return {
    env: effectiveEnvironment(fixed, stored.variables, secrets),
    secrets: Object.keys(secrets),
  }
}

/** Everything the target needs to start a stored release. */
export async function releaseSpec(
  deps: Dependencies,
  id: number,
  fence: Fence,
): Promise<ReleaseSpec> {
  const release = await getRelease(deps.db, id)
  if (!release) throw new Failed(`release ${id} no longer exists`)
  const environments = await listAllEnvironments(deps.db, release.app)
  const from = { app: release.app, environment: release.takenFrom ?? release.environment }
  const stored = await getStored(deps.db, from.app, from.environment, release.configuration)
  const secrets = release.hasSecrets ? await unseal(deps, from, stored.secrets) : {}
  const file = release.definition.environments[release.environment]
  return {
    app: release.app,
    environment: release.environment,
    release: release.id,
    fence,
    artifact: release.artifact,
    services: requirePorts(
      release.definition.services,
      serviceSpecs(release.definition.services, file, {
        ...{ variables: stored.variables, secrets },
        settleMs: deps.settleMs,
        host: hostNameOf(deps, release.definition, release.environment),
        files: await filesByService(deps, release, { variables: stored.variables, secrets }),
      }),
    ),
    env: {
      FAIRLEAD_COMMIT: release.sha,
      FAIRLEAD_RUN: String(release.run),
      ...(await sdkVariables(deps, release)),
    },
    switches: definitionsIn(release.definition),
    ...domainsOf(file),
    ...edgeOf(file, release.environment, secrets),
    ...tenantOf(release),
    port: environments.find((one) => one.name === release.environment)?.port ?? null,
  }
}

// Releases that were stored by an earlier version have no such key.
function domainsOf(file: Partial<EnvironmentFile> = {}): Pick<ReleaseSpec, 'domains'> {
  const { domains = [] } = file
  if (domains.length === 0) return {}
  return {
    domains: domains.map(({ name, service, redirect, http, hsts }) => ({
      ...{ name, http },
      ...(redirect === undefined ? {} : { redirect }),
      ...(service === undefined ? {} : { service }),
      ...(hsts === undefined ? {} : { hsts }),
    })),
  }
}

// Releases that were stored by an earlier version have no such key.
function tenantOf({ definition }: Release): Pick<ReleaseSpec, 'tenant'> {
  const { tenant } = (definition.incidents as typeof definition.incidents | undefined) ?? {}
  return tenant === undefined ? {} : { tenant }
}

/** What makes an SDK of Sentry report to Fairlead, with the exact release; the app can override. */
async function sdkVariables(
  { db, publicUrl }: Pick<Dependencies, 'db' | 'publicUrl'>,
  { id, app, environment, sha }: { id: number; app: string; environment: string; sha: string },
): Promise<Record<string, string>> {
  await db.query(createKey(app))
  const key = await getKey(db, app)
  return {
    ...(key && { SENTRY_DSN: dsnOf(publicUrl, key) }),
    SENTRY_RELEASE: `${app}@${id}+${sha.slice(0, 12)}`,
    SENTRY_ENVIRONMENT: environment,
  }
}

/** The rendered files of each service. Throws a Failed with the first problem. */
async function filesByService(
  deps: Dependencies,
  release: Release,
  set: SetValues,
): Promise<Map<string, HostFile[]>> {
  const files = new Map<string, HostFile[]>()
  for (const { service, rendering } of await renderFiles(deps, release, release.environment, set)) {
    if (rendering.problem !== null)
      throw new Failed(`the configuration is not valid: ${rendering.problem}`)
    files.set(service, [...(files.get(service) ?? []), rendering.file])
  }
  return files
}

/**
 * The services of a release in an environment. Every service but the first has a port only when it
 * sets `port`, `health`, `paths` or `static`. Pure.
 */
export function serviceSpecs(
  services: Record<string, ServiceFile>,
  file: EnvironmentFile | undefined,
  {
    variables,
    secrets,
    settleMs,
    host,
    files,
  }: {
    variables: Record<string, string>
    secrets: Record<string, string>
    settleMs: number
    host: string
    files: ReadonlyMap<string, HostFile[]>
  },
): ServiceSpec[] {
  const all = Object.entries(services)
  const first = all.findIndex(([, service]) => !isExclusive(service))
  const envOf = (service: ServiceFile): Record<string, string> => {
    const fixed = { ...service.env, ...file?.env, ...file?.hosts?.[host]?.env }
    const all = effectiveEnvironment(fixed, variables, secrets)
    return pick(all, usedBy(service).hasVariable)
  }
  return all.map(([name, service], index) => ({
    name,
    ...(service.run === undefined ? {} : { run: service.run }),
    ...(service.static === undefined ? {} : { static: service.static }),
    ...(service.image === undefined
      ? {}
      : { container: { image: service.image, ...service.container } }),
    ...(service.memory === undefined ? {} : { memory: service.memory }),
    ...(service.rehearse === undefined ? {} : { rehearse: rehearseSpec(service.rehearse) }),
    hasTraffic: hasPort(service, index === first),
    ...pathsOf(service),
    settle: settleLimits(service.settle, hasPort(service, index === first), settleMs),
    health: {
      path: service.health?.path ?? (service.static === undefined ? null : '/'),
      ...(service.health?.headers === undefined ? {} : { headers: service.health.headers }),
      timeout: service.health?.timeout ?? 60_000,
      interval: service.health?.interval ?? 1000,
    },
    instances: declaredInstances(service, file),
    ...exclusiveOf(service, envOf(service)),
    ...(files.has(name) ? { files: files.get(name) ?? [] } : {}),
    env: envOf(service),
    secrets: Object.keys(secrets),
    directory: service.directory,
    stop: service.stop,
  }))
}

const rehearseSpec = ({ run, allow, settings }: NonNullable<ServiceFile['rehearse']>) => ({
  allow,
  ...(run === undefined ? {} : { run }),
  ...(settings === undefined ? {} : { settings }),
})

const hasPort = (service: ServiceFile, isFirst: boolean): boolean => {
  const { port, health, static: folder } = service
  if (port !== undefined) return port !== false
  return isFirst || health !== undefined || folder !== undefined || 'paths' in pathsOf(service)
}

// Releases that were stored by an earlier version have no such key.
const pathsOf = ({ paths = [] }: Partial<ServiceFile>): Pick<ServiceSpec, 'paths'> =>
  paths.length === 0 ? {} : { paths }
