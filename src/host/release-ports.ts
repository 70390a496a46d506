import type { HostService } from '#contract/host/service.ts'
import { addressOf } from './address.ts'
import type { ServicePorts } from './edge/paths.ts'
import type { Instance } from './instance.ts'

/** A service that never runs twice is reached on its own port, not through the edge. */
const isRouted = ({ port, exclusive }: HostService): boolean => port && exclusive === undefined

/**
 * The services that the edge routes to, and the ports of their instances; with `isHealthyOnly`,
 * only those of healthy ones.
 */
export function portsOf(
  services: HostService[],
  instances: Instance[],
  isHealthyOnly: boolean,
): ServicePorts[] {
  return services.filter(isRouted).map(({ name, paths }) => {
    const mine = instances.filter(
      ({ saved }) => saved.service === name && saved.pid !== null && saved.port !== null,
    )
    const well = mine.filter((instance) => instance.isHealthy)
    // When none is healthy, trying is better than refusing.
    const used = well.length > 0 || isHealthyOnly ? well : mine
    return {
      name,
      ...(paths && { paths }),
      ports: used.flatMap(({ saved: { ip, port } }) =>
        port === null ? [] : addressOf({ ip, port }),
      ),
    }
  })
}

/** Whether each service that the edge routes to has a healthy instance. */
export const isServed = (services: HostService[], instances: Instance[]): boolean =>
  services
    .filter(isRouted)
    .every(({ name }) => instances.some((one) => one.saved.service === name && one.isHealthy))
