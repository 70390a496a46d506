import type { HostCertificate } from '#contract/host/status.ts'
import type { Targets } from '#domains/deployment/open-targets.ts'
import { judgeCertificate } from '#domains/monitor/certificate.ts'
import { deleteExcept, listFindings, setMonitor } from '#domains/monitor/store.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { certificatesOf, liveDomains } from '#views/domain.ts'

export interface WatchCertificatesOptions {
  db: Database
  targets: Targets
  now(): number
}

const kind = 'certificate'

/**
 * Finds certificates of live domains that are missing, or are not renewed in time. It keeps no
 * state: a repetition, on any server, changes nothing.
 */
export async function watchCertificates({
  db,
  targets,
  now,
}: WatchCertificatesOptions): Promise<void> {
  const [live, before] = await Promise.all([liveDomains(db), listFindings(db, kind)])
  if (live.length === 0 && before.length === 0) return
  const read = certificateReader(targets)
  // A domain that two live releases have belongs to the newer one.
  const found = new Map<string, Found>()
  for (const { target, domains, ...place } of live) {
    const certificates = await read(target)
    for (const { name, http } of domains) {
      const certificate = certificates && certificates.find((one) => one.name === name)
      const finding =
        certificate === undefined ? null : judgeCertificate(certificate, { http, now: now() })
      if (finding) found.set(name, { ...place, name, ...finding })
    }
  }
  const known = new Map(before.map((one) => [keyOf(one), one]))
  const changed = [...found.values()].filter((one) => {
    const stored = known.get(keyOf(one))
    return stored?.state !== one.state || stored.reason !== one.reason
  })
  const statements = changed.flatMap(({ app, environment, name, state, reason }) =>
    setMonitor({ app, environment, service: null, kind, name }, { state, reason, onset: null }),
  )
  const kept = new Set([...found.values()].map(keyOf))
  if (before.some((one) => !kept.has(keyOf(one)))) statements.push(deleteExcept(kind, [...kept]))
  if (statements.length > 0) await db.batch(statements)
}

type Found = Awaited<ReturnType<typeof listFindings>>[number]

const keyOf = ({ app, environment, name }: Found): string => `${app}/${environment}/${name}`

/** Asks each target once; its answer is null when it does not come. */
function certificateReader(
  targets: Targets,
): (choice: Parameters<Targets['of']>[0]) => Promise<HostCertificate[] | null> {
  const answers = new Map<string, Promise<HostCertificate[] | null>>()
  return (choice) => {
    const target = targets.of(choice)
    const answer = answers.get(target.id) ?? certificatesOf(target)
    answers.set(target.id, answer)
    return answer
  }
}
