import type { EnvironmentFile } from '#contract/pipeline-file/pipeline-file.ts'
import type { ServiceFile } from '#contract/pipeline-file/service-file.ts'

/** A service that has state of its own, or must not run twice, has one instance. */
export const isExclusive = ({ keeps, single }: Pick<ServiceFile, 'keeps' | 'single'>): boolean =>
  keeps || single

/** How many instances of a service fairlead.yaml asks for in an environment. Pure. */
export const declaredInstances = (
  service: Pick<ServiceFile, 'keeps' | 'single' | 'instances'>,
  file: Pick<EnvironmentFile, 'instances'> | undefined,
): number => (isExclusive(service) ? 1 : (file?.instances ?? service.instances))

/** Why the number of instances of a service cannot be changed; null when it can. Pure. */
export function refusalOfScale(
  { keeps, single }: Pick<ServiceFile, 'keeps' | 'single'>,
  name: string,
): string | null {
  if (keeps) return `${name} keeps data of its own, so it has one instance`
  return single ? `${name} is single, so it has one instance` : null
}
