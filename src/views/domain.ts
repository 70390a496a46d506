import type { TargetChoice } from '#contract/deployment/target.ts'
import type { Certificate } from '#contract/environment/environment.ts'
import type { HostCertificate } from '#contract/host/status.ts'
import type { OpenTarget } from '#domains/deployment/open-targets.ts'
import { isWanted } from '#domains/monitor/certificate.ts'
import { listFindings } from '#domains/monitor/store.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { sql } from '#platform/postgres/sql.ts'

/** The domains of the live release of an environment, and the target that serves them. */
export interface LiveDomains {
  app: string
  environment: string
  target: TargetChoice
  domains: { name: string; http: 'redirect' | 'serve' }[]
}

/** All domains that are live, those of the newest release last. */
export async function liveDomains(db: Database): Promise<LiveDomains[]> {
  return db.query<LiveDomains>(sql`select d.app, d.environment, r.target,
      r.definition -> 'environments' -> d.environment -> 'domains' as domains
    from deployment d join release r on r.id = d.release
      join environment e on e.app = d.app and e.name = d.environment
    where d.state = 'live' and e.pull_request is null
      and json_array_length(r.definition -> 'environments' -> d.environment -> 'domains') > 0
    order by d.release`)
}

/** The certificates that a target reports; null when it does not answer. */
export async function certificatesOf(
  target: Pick<OpenTarget, 'certificates'>,
): Promise<HostCertificate[] | null> {
  try {
    return (await target.certificates?.()) ?? []
  } catch {
    return null
  }
}

/** The certificates of the domains of a live release, where its target serves HTTPS. */
export async function readCertificates(
  db: Database,
  target: Pick<OpenTarget, 'certificates'>,
  { app, environment, domains }: Omit<LiveDomains, 'target'>,
): Promise<Certificate[]> {
  if (domains.length === 0 || !target.certificates) return []
  const [found, findings] = await Promise.all([
    certificatesOf(target),
    listFindings(db, 'certificate'),
  ])
  return domains.flatMap(({ name, http }): Certificate[] => {
    const one = found === null ? null : found.find((certificate) => certificate.name === name)
    if (one === undefined || (one && !isWanted(one, http))) return []
    const state = findings.find(
      (finding) =>
        finding.app === app && finding.environment === environment && finding.name === name,
    )?.state
    return [{ domain: name, state: state ?? 'unknown', ...detailsOf(one) }]
  })
}

const detailsOf = (one: HostCertificate | null): Omit<Certificate, 'domain' | 'state'> =>
  one === null
    ? { expires: null, issuer: null, problem: 'the host does not answer', next: null }
    : {
        ...{ expires: isoOf(one.expires), issuer: one.issuer },
        ...{ problem: one.problem, next: isoOf(one.next) },
      }

const isoOf = (time: number | null): string | null =>
  time === null ? null : new Date(time).toISOString()
