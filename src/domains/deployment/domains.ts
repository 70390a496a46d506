import type { StoredEnvironment } from './store.ts'

/** An environment of a run, with its domains. */
export interface DomainRequest {
  app: string
  name: string
  domains: string[]
}

/**
 * Why an environment cannot have a domain, in one sentence; null when it can. Domains may move
 * between the environments of one app; `known` are the stored environments of all apps. Pure.
 */
export function domainProblem(
  requests: DomainRequest[],
  known: Pick<StoredEnvironment, 'app' | 'name' | 'domains'>[],
): string | null {
  for (const { app, name, domains } of requests)
    for (const domain of domains) {
      const owner = known.find((one) => one.app !== app && one.domains.includes(domain))
      if (owner)
        return (
          `the domain ${domain} of the environment ${name} is used by the environment ` +
          `${owner.name} of ${owner.app}; remove it from one of them in fairlead.yaml`
        )
    }
  return null
}
