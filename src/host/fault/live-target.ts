import { FairleadError } from '#contract/errors.ts'
import type { HostRelease } from '#contract/host/release.ts'
import type { ReleaseFolders } from '../release-folders.ts'
import type { SavedInstance } from '../state.ts'
import type { FaultTarget } from './target.ts'

/** A service of a release with all of its instances that run. */
export function liveTarget(
  name: string,
  { app, environment, release, services }: HostRelease,
  folders: ReleaseFolders,
  saved: readonly SavedInstance[],
): FaultTarget {
  const service = services.find((one) => one.name === name)
  if (!service) throw new FairleadError('not_found', { kind: 'service', id: name })
  if (service.container)
    throw new FairleadError('not_now', { why: `${name} runs in containers, which have no faults` })
  const instances = saved.flatMap(({ service: of, index, pid, startTime, marker }) =>
    of === name && pid !== null && startTime !== null ? [{ index, pid, startTime, marker }] : [],
  )
  return {
    ...{ app, environment, release, service: name, instances, of: instances.length },
    dataFolder: folders.dataOf(service),
  }
}
