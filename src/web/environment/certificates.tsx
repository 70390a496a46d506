import type { Certificate } from '#contract/environment/environment.ts'
import { momentWords } from '#contract/time-words.ts'
import { monitorBadges } from '../monitor/badges.ts'
import { Section } from '../ui/page.tsx'
import { asSentence } from '../ui/state.ts'
import { Status } from '../ui/status.tsx'
import { Until } from '../ui/time.tsx'

/** The certificates of the domains of an environment, as last reported by its host. */
export function Certificates({ certificates }: { certificates: Certificate[] }) {
  return (
    <Section title="Certificates">
      <ul className="panel divide-y divide-edge">
        {certificates.map((one) => (
          <CertificateRow key={one.domain} one={one} />
        ))}
      </ul>
    </Section>
  )
}

function CertificateRow({ one: { domain, state, expires, issuer, problem, next } }: RowProps) {
  const isOrdered = expires === null && problem === null
  return (
    <li className="flex flex-wrap items-baseline gap-x-4 gap-y-1 px-4 py-3">
      <span className="min-w-0 font-medium break-all">{domain}</span>
      <Status badge={monitorBadges[state]} />
      <span className="text-soft">
        {expires === null ? (
          isOrdered ? (
            'being ordered'
          ) : (
            'no certificate'
          )
        ) : (
          <>
            until <time dateTime={expires}>{momentWords(expires)}</time>, issued by {issuer}
          </>
        )}
        {next === null || isOrdered ? null : (
          <>
            , next order <Until time={next} />
          </>
        )}
      </span>
      {problem === null ? null : <span className="min-w-0 break-words">{asSentence(problem)}</span>}
    </li>
  )
}

interface RowProps {
  one: Certificate
}
