import type { EnvironmentFile, ServiceFile } from '#contract/pipeline-file/pipeline-file.ts'
import { effectiveEnvironment, referenceOf } from '#domains/configuration/configuration.ts'
import { getStored, sealedAs } from '#domains/configuration/store.ts'
import { getRelease, listAllEnvironments } from '#domains/deployment/store.ts'
import type { Fence, ReleaseSpec, ServiceSpec } from '#domains/deployment/target.ts'
import { settleLimits } from '#domains/deployment/settle.ts'
import { Failed } from '#engine/workflow.ts'
import type { Dependencies } from '#flows/dependencies.ts'

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
    services: serviceSpecs(release.definition.services, file, {
      ...{ variables: stored.variables, secrets },
      settleMs: deps.settleMs,
    }),
    env: { FAIRLEAD_COMMIT: release.sha, FAIRLEAD_RUN: String(release.run) },
    port: environments.find((one) => one.name === release.environment)?.port ?? null,
  }
}

/**
 * The services of a release in an environment. Every service but the first has traffic only when
 * it sets `port`, `health` or `static`. Pure.
 */
export function serviceSpecs(
  services: Record<string, ServiceFile>,
  file: EnvironmentFile | undefined,
  {
    variables,
    secrets,
    settleMs,
  }: {
    variables: Record<string, string>
    secrets: Record<string, string>
    settleMs: number
  },
): ServiceSpec[] {
  return Object.entries(services).map(([name, service], index) => ({
    name,
    ...(service.run === undefined ? {} : { run: service.run }),
    ...(service.static === undefined ? {} : { static: service.static }),
    ...(service.memory === undefined ? {} : { memory: service.memory }),
    hasTraffic: hasTraffic(service, index),
    settle: settleLimits(service.settle, hasTraffic(service, index), settleMs),
    health: {
      path: service.health?.path ?? (service.static === undefined ? null : '/'),
      ...(service.health?.headers === undefined ? {} : { headers: service.health.headers }),
      timeout: service.health?.timeout ?? 60_000,
      interval: service.health?.interval ?? 1000,
    },
    instances: file?.instances ?? service.instances,
    env: effectiveEnvironment({ ...service.env, ...file?.env }, variables, secrets),
    secrets: Object.keys(secrets),
    directory: service.directory,
    stop: service.stop,
  }))
}

const hasTraffic = (service: ServiceFile, index: number): boolean =>
  service.port ?? (index === 0 || service.health !== undefined || service.static !== undefined)
