import type { HostCanary } from '#contract/host/route.ts'
import type { Count } from './edge/count.ts'
import { edgeRulesOf } from './edge/rules.ts'
import type { EdgeRoute } from './edge/route.ts'
import type { Release } from './release.ts'
import type { WantedEnvironment } from './state.ts'

/** The route of an environment, with the ports of the releases that exist. */
export function edgeRouteOf(
  wanted: WantedEnvironment,
  releases: ReadonlyMap<number, Release>,
  countOf: (canary: HostCanary) => Count,
): EdgeRoute {
  const { app, environment, canary } = wanted
  const find = (number: number | null | undefined): Release | undefined =>
    releases.get(number ?? NaN)
  const release = find(wanted.routed)
  const former = find(wanted.former)
  return {
    ...{ app, environment, ...wanted.route },
    release: release?.number ?? null,
    // The former release answers in place of instances that are not healthy.
    services: release?.services(former?.isRoutable) ?? [],
    former: former && portsOf(former),
    domains: release?.spec.route.domains,
    tenant: release?.spec.route.tenant,
    rules: edgeRulesOf(release?.spec.route.edge),
    canary: canary ? canaryOf(canary, find, countOf) : undefined,
  }
}

function canaryOf(
  canary: HostCanary,
  find: (number: number | undefined) => Release | undefined,
  countOf: (canary: HostCanary) => Count,
): EdgeRoute['canary'] {
  const [release, fresh] = [find(canary.release), find(canary.fresh)]
  if (!release) return undefined
  const { session, tenant } = canary
  return {
    ...portsOf(release),
    count: countOf(canary),
    fresh: fresh && portsOf(fresh),
    session,
    tenant,
  }
}

const portsOf = (release: Release) => ({ release: release.number, services: release.services() })
