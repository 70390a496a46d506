import { isDeepStrictEqual } from 'node:util'
import type { DeploymentDetail } from '#contract/deployment/before.ts'
import type { Deployment } from '#contract/run/run.ts'
import { referenceOf } from '#domains/configuration/configuration.ts'
import { getStored } from '#domains/configuration/store.ts'
import * as store from '#domains/deployment/store.ts'
import type { ServiceSpec } from '#domains/deployment/target.ts'
import type { Dependencies } from '#flows/dependencies.ts'
import { liveDeployment } from '#views/deployment.ts'
import { renderFiles } from './configuration-files.ts'
import { expectPauses } from './expected-pauses.ts'
import { serviceSpecs } from './release-spec.ts'
import { hostNameOf } from './targets.ts'

type Access = Pick<Dependencies, 'db' | 'source' | 'hostName' | 'settleMs'>

/** What a service of a release starts with; secrets as they are stored. */
interface Start {
  artifact: string
  spec: ServiceSpec
  files: unknown[]
  /** a secret is in an external source, where its value may have changed */
  hasReferences: boolean
}

/**
 * How long clients wait at a restart of each service that a deployment may restart, while the
 * deployment is ahead.
 */
export async function expectedPauses(
  deps: Access,
  { id, app, environment, release, state }: Deployment,
): Promise<DeploymentDetail['expectedPauses']> {
  if (state !== 'waiting' && state !== 'starting') return []
  const last = await expectPauses(deps.db, app, environment)
  const live = await liveDeployment(deps.db, app, environment)
  if (last.length === 0 || !live || live.release === release) return []
  const changes = await serviceChanges(deps, live.release, release)
  return last.filter(
    ({ deployment, service }) => deployment !== id && changes.get(service) === 'restart',
  )
}

/** What a release may do to a service that runs once. */
export type ServiceChange = 'nothing' | 'reload' | 'restart'

/** What a release may do to each service that runs once, beside the one that is live. */
export async function serviceChanges(
  deps: Access,
  live: number,
  release: number,
): Promise<Map<string, ServiceChange>> {
  const [now, next] = await Promise.all([startsOf(deps, live), startsOf(deps, release)])
  const once = [...next].filter(([, { spec }]) => spec.exclusive !== undefined)
  return new Map(once.map(([name, start]) => [name, changeOf(now.get(name), start)] as const))
}

/**
 * Only the host can compare the paths in `uses` and values of external sources: another artifact
 * counts as a change of all of them, and such a value as changed. Pure.
 */
export function changeOf(now: Start | undefined, next: Start): ServiceChange {
  const { exclusive } = next.spec
  const isOther = now?.artifact !== next.artifact && exclusive?.uses.length !== 0
  if (now === undefined || isOther || next.hasReferences) return 'restart'
  if (!isDeepStrictEqual(startedWith(now.spec), startedWith(next.spec))) return 'restart'
  if (isDeepStrictEqual(now.files, next.files)) return 'nothing'
  return exclusive?.reload === undefined ? 'restart' : 'reload'
}

const startedWith = ({ run, env, directory, stop, memory, exclusive }: ServiceSpec) => ({
  ...{ run, env, directory, stop, memory, exclusive },
})

async function startsOf(deps: Access, id: number): Promise<Map<string, Start>> {
  const release = await store.getRelease(deps.db, id)
  if (!release) return new Map()
  const { app, environment, artifact, definition, takenFrom, configuration } = release
  const stored = await getStored(deps.db, app, takenFrom ?? environment, configuration)
  const set = { variables: stored.variables, secrets: release.hasSecrets ? stored.secrets : {} }
  const references = Object.keys(set.secrets).filter((one) => referenceOf(set.secrets[one] ?? ''))
  const rendered = await renderFiles(deps, release, environment, set)
  const specs = serviceSpecs(definition.services, definition.environments[environment], {
    ...{
      ...set,
      settleMs: deps.settleMs,
      host: hostNameOf(deps, definition, environment),
      files: new Map(),
    },
  })
  return new Map(
    specs.map((spec) => {
      const own = rendered.filter(({ service }) => service === spec.name)
      const files = own.map(({ rendering }) => rendering.problem ?? rendering.file)
      const isNamed = references.some((one) => files.length > 0 || one in spec.env)
      return [spec.name, { artifact, spec, files, hasReferences: isNamed }] as const
    }),
  )
}
