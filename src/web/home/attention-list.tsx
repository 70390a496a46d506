import type { ReactNode } from 'react'
import { Link } from 'react-router'
import type { Incident } from '#contract/incident/incident.ts'
import type { Attention, OpenCrashLoop } from '#contract/home/home.ts'
import { IncidentRow } from '../incident/incident-row.tsx'
import { ShowMore, useMore } from '../ui/more.tsx'
import { Section } from '../ui/page.tsx'
import { asSentence, type Tone } from '../ui/state.ts'
import { StatusIcon } from '../ui/status.tsx'
import { Ago } from '../ui/time.tsx'
import { AttentionActions } from './attention-actions.tsx'
import { pageOf } from './attention-page.ts'
import { attentionTones } from './overview.ts'
import { RollbackButton } from './rollback-button.tsx'

/** The incidents that are not closed. */
export function OpenIncidents({ incidents }: { incidents: Incident[] }) {
  if (incidents.length === 0) return null
  return (
    <Section title="Open incidents" className="mt-0 mb-6">
      <ul className="panel divide-y divide-edge overflow-hidden border-bad">
        {incidents.map((one) => (
          <IncidentRow key={one.id} incident={one} />
        ))}
      </ul>
    </Section>
  )
}

/** The crash loops that have not ended. */
export function CrashLoops({ loops }: { loops: OpenCrashLoop[] }) {
  if (loops.length === 0) return null
  return (
    <Section title="Crash loops" className="mt-0 mb-6">
      <ul className="panel divide-y divide-edge overflow-hidden border-bad">
        {loops.map(({ id, app, environment, service, reason, detected }) => (
          <Row
            key={id}
            tone="bad"
            app={app}
            to={`/apps/${app}/environments/${environment}`}
            title={`${service} crashes again and again in ${environment}`}
            reason={reason}
            since={detected}
          >
            <RollbackButton app={app} environment={environment} />
          </Row>
        ))}
      </ul>
    </Section>
  )
}

/** The most urgent ones, so that the apps stay in sight. */
const firstItems = 10

/** What goes on only when a person acts, the most urgent first. */
export function NeedsYou({ items }: { items: Attention[] }) {
  const { shown, more } = useMore(items, firstItems)
  if (items.length === 0) return null
  return (
    <Section title="Needs you" className="mt-0 mb-6">
      <ul className="panel divide-y divide-edge overflow-hidden">
        {shown.map((item) => (
          <Row
            key={[item.kind, item.app, item.title, item.deployment ?? item.run].join('/')}
            tone={attentionTones[item.kind]}
            app={item.app}
            to={pageOf(item)}
            title={item.title}
            reason={item.reason}
            since={item.since}
          >
            <AttentionActions item={item} />
          </Row>
        ))}
      </ul>
      {more === null ? null : <ShowMore shown={shown} all={items} noun="matters" more={more} />}
    </Section>
  )
}

function Row({
  tone,
  app,
  to,
  title,
  reason,
  since,
  children,
}: {
  tone: Tone
  app: string
  to: string
  title: string
  reason: string
  since: string | null
  children: ReactNode
}) {
  return (
    <li
      className="grid grid-cols-[auto_minmax(0,1fr)] items-center gap-x-3 gap-y-2 px-4 py-2.5
        md:grid-cols-[auto_minmax(0,1fr)_auto_auto]"
    >
      <span className="self-start pt-0.5">
        <StatusIcon tone={tone} size={17} />
      </span>
      <div className="min-w-0">
        <p>
          <Link to={`/apps/${app}`} className="quiet-link text-soft">
            {app}
          </Link>{' '}
          <Link to={to} data-row className="quiet-link font-medium">
            {title}
          </Link>
        </p>
        <p className="text-soft">{asSentence(reason)}</p>
      </div>
      <span className="col-start-2 text-soft md:col-start-3">
        {since === null ? null : <Ago time={since} />}
      </span>
      <span className="col-start-2 flex flex-wrap gap-2 md:col-start-4 md:justify-end">
        {children}
      </span>
    </li>
  )
}
