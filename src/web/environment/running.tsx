import { ExternalLink } from 'lucide-react'
import type { ReactNode } from 'react'
import { Link } from 'react-router'
import type { Environment } from '#contract/environment/environment.ts'
import { Sha } from '../ui/change.tsx'
import { CopyButton } from '../ui/copy.tsx'
import { Nothing } from '../ui/page.tsx'
import { Ago } from '../ui/time.tsx'
import { VerdictLink } from '../verdict/canary-card.tsx'

/** Whether the release has shown that it is good: see "Proven releases" in docs/canary.md. */
const provenWords: Record<string, string> = { true: ', proven', false: ', not proven' }

/** The current release of an environment: since when, and from which change. */
export function Running({ environment }: { environment: Environment }) {
  const { current, isProven, urls } = environment
  if (!current)
    return (
      <Nothing>
        Nothing is deployed here yet. The first change that passes its steps and all earlier
        environments is deployed here.
      </Nothing>
    )
  const { change } = current
  const proven = provenWords[String(isProven)] ?? ''
  const by = {
    delivery: 'deployed',
    configuration: 'a new configuration',
    rollback: 'a rollback',
  }[current.kind]
  const facts: [string, ReactNode][] = [
    [
      'Live',
      <span key="live">
        {current.live ? <Ago time={current.live} /> : 'not yet'}, {by} by {current.actor}
      </span>,
    ],
    [
      'Run',
      current.run === null ? (
        'none'
      ) : (
        <Link key="run" to={`/runs/${current.run}`} className="underline underline-offset-3">
          run {current.run}
        </Link>
      ),
    ],
    ['Checked in', <Ago key="in" time={change.received} />],
    ['Release', `${current.release}, configuration ${current.configuration}${proven}`],
    [
      'Artifact',
      <span key="artifact" className="flex items-center">
        <code className="font-mono text-small">{current.artifact.slice(0, 19)}</code>
        <CopyButton text={current.artifact} label="Copy the digest of the artifact" />
      </span>,
    ],
  ]
  return (
    <section aria-label="Current release" className="panel px-5 py-4">
      <h2 className="text-lg font-semibold">{change.subject}</h2>
      <p className="flex items-center gap-2 text-soft">
        <Sha sha={change.sha} />
        <CopyButton text={change.sha} label="Copy the commit SHA" />
        {change.author.name}
        <VerdictLink deployment={current} />
      </p>
      <dl className="mt-3 flex flex-wrap gap-x-10 gap-y-3">
        {facts.map(([term, value]) => (
          <div key={term} className="min-w-0">
            <dt className="label">{term}</dt>
            <dd>{value}</dd>
          </div>
        ))}
        <div className="min-w-0">
          <dt className="label">Addresses</dt>
          {urls.map((url) => (
            <dd key={url}>
              <a
                href={url}
                target="_blank"
                rel="noreferrer"
                className="inline-flex min-h-[24px] items-center gap-1 underline underline-offset-3"
              >
                {url.replace(/^https?:\/\//, '')}
                <ExternalLink size={13} className="shrink-0" aria-hidden />
              </a>
            </dd>
          ))}
        </div>
      </dl>
    </section>
  )
}
