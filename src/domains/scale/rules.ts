import type { EnvironmentFile } from '#contract/pipeline-file/pipeline-file.ts'
import type { ServiceFile } from '#contract/pipeline-file/service-file.ts'
import type { StoredScale } from './store.ts'

/** A service that has state of its own, or must not run twice, has one instance. */
export const isExclusive = ({ keeps, single }: Pick<ServiceFile, 'keeps' | 'single'>): boolean =>
  keeps || single

/** How many instances of a service fairlead.yaml asks for in an environment. Pure. */
export const declaredInstances = (
  service: Pick<ServiceFile, 'keeps' | 'single' | 'instances'>,
  file: Pick<EnvironmentFile, 'instances'> | undefined,
): number => (isExclusive(service) ? 1 : (file?.instances ?? service.instances))

/**
 * How many instances of a service of a release run: those of a person, as long as the file has the
 * number that they replace. Pure.
 */
export function scaledInstances(
  scales: readonly Pick<StoredScale, 'service' | 'declared' | 'instances'>[],
  service: string,
  declared: number,
): number {
  const scale = scales.find((one) => one.service === service && one.declared === declared)
  return scale?.instances ?? declared
}

/** Why the number of instances of a service cannot be changed; null when it can. Pure. */
export function refusalOfScale(
  { keeps, single }: Pick<ServiceFile, 'keeps' | 'single'>,
  name: string,
): string | null {
  if (keeps) return `${name} keeps data of its own, so it has one instance`
  return single ? `${name} is single, so it has one instance` : null
}
