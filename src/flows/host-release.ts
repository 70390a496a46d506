import type { Fence, HostRelease, HostService } from '#contract/host.ts'
import type { EnvironmentFile, ServiceFile } from '#contract/pipeline-file.ts'
import { effectiveEnvironment, type StoredConfiguration } from '#domains/config/config.ts'
import { getStored } from '#domains/config/store.ts'
import { getRelease, listEnvironments } from '#domains/deploy/store.ts'
import { Failed } from '#engine/workflow.ts'
import type { World } from './world.ts'

/** The values of an environment's secrets, by name. They go to the target or a mask, never into a result, event or log. */
export async function openSecrets(
  world: World,
  app: string,
  environment: string,
  version?: number,
): Promise<Record<string, string>> {
  return unseal(world, await getStored(world.db, app, environment, version))
}

function unseal(world: World, stored: StoredConfiguration): Record<string, string> {
  return Object.fromEntries(
    Object.entries(stored.secrets).map(([name, sealed]) => [name, world.secrets.open(name, sealed)]),
  )
}

/** A stored release in the form that a target takes. */
export async function hostRelease(world: World, id: number, fence: Fence): Promise<HostRelease> {
  const release = await getRelease(world.db, id)
  if (!release) throw new Failed(`release ${id} is no longer known`)
  const environments = await listEnvironments(world.db, release.app)
  const stored = await getStored(world.db, release.app, release.environment, release.configuration)
  const secrets = unseal(world, stored)
  const file = release.definition.environments[release.environment]
  return {
    app: release.app,
    environment: release.environment,
    release: release.id,
    fence,
    artifact: release.artifact,
    layout: world.home.artifacts,
    services: hostServices(release.definition.services, file, stored.variables, secrets),
    env: { ...world.machine, PATH: world.path, FAIRLEAD_COMMIT: release.sha, FAIRLEAD_RUN: String(release.run) },
    route: {
      port: environments.find((environment) => environment.name === release.environment)?.port ?? null,
      host: `${release.app}.${release.environment}.localhost`,
    },
  }
}

/** Pure: what each service gets. A second service has traffic only when it says so, by `port` or `health`. */
export function hostServices(
  services: Record<string, ServiceFile>,
  file: EnvironmentFile | undefined,
  variables: Record<string, string>,
  secrets: Record<string, string>,
): HostService[] {
  return Object.entries(services).map(([name, service], index) => ({
    name,
    ...(service.run === undefined ? {} : { run: service.run }),
    ...(service.static === undefined ? {} : { static: service.static }),
    ...(service.memory === undefined ? {} : { memory: service.memory }),
    port: service.port ?? (index === 0 || service.health !== undefined || service.static !== undefined),
    health: {
      path: service.health?.path ?? (service.static === undefined ? null : '/'),
      timeout: service.health?.timeout ?? 60_000,
      interval: service.health?.interval ?? 1000,
    },
    instances: file?.instances ?? service.instances,
    env: effectiveEnvironment({ ...service.env, ...file?.env }, variables, secrets),
    directory: service.directory,
    stop: service.stop,
  }))
}
