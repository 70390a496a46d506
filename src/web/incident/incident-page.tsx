import type { ReactNode } from 'react'
import { Link, useParams } from 'react-router'
import type { IncidentDetail } from '#contract/incident/incident.ts'
import { durationWords, momentWords } from '#contract/time-words.ts'
import { Nothing, PageHead, RowsShape, Section, useTitle } from '../ui/page.tsx'
import { Loaded } from '../ui/problem.tsx'
import { asSentence } from '../ui/state.ts'
import { Status } from '../ui/status.tsx'
import { Ago } from '../ui/time.tsx'
import { CauseButton, IncidentActions, NoteForm } from './actions.tsx'
import { ImpactSection } from './impact-section.tsx'
import { MitigationSection } from './mitigation-section.tsx'
import { incidentBadges, placeOf } from './badges.ts'
import { Learned } from './learned.tsx'
import { useIncident } from './queries.ts'
import { TimelineEntry } from './timeline-entry.tsx'

/** One incident: since when, whether it is over, what changed before, and what was done. */
export function IncidentPage() {
  const id = Number(useParams()['incident'])
  const query = useIncident(id)
  useTitle(`Incident ${id}`, query.data?.over === null ? '✕' : '')
  return (
    <Loaded isPage query={query} shape={<RowsShape rows={5} height="h-14" />}>
      {(incident) => <IncidentView incident={incident} />}
    </Loaded>
  )
}

function IncidentView({ incident }: { incident: IncidentDetail }) {
  const { title, state, severity, severityBy, timeline } = incident
  return (
    <>
      <PageHead
        crumbs={[{ to: '/incidents', text: 'Incidents' }]}
        title={<span className="wrap-anywhere">{title}</span>}
        actions={<IncidentActions incident={incident} />}
      >
        <div className="mt-1 flex flex-wrap items-center gap-x-4 gap-y-1">
          <Status badge={incidentBadges[state]} />
          <span className="text-soft">
            {severity}
            {severityBy === null ? ' (proposed)' : `, says ${severityBy}`}, {placeOf(incident)}
          </span>
        </div>
      </PageHead>
      <div className="panel flex flex-col gap-1.5 px-4 py-3">
        <p className="wrap-anywhere">{asSentence(incident.reason)}</p>
        <p className="text-soft">
          Commander: {incident.commander ?? 'nobody'}. Communicator:{' '}
          {incident.communicator ?? 'nobody'}.
          {incident.occurrence > 1 ? ` It began ${incident.occurrence} times.` : ''}
        </p>
        <MergedWith incident={incident} />
      </div>
      <Learned incident={incident} />
      <MitigationSection incident={incident} />
      <ImpactSection incident={incident} />
      <Times incident={incident} />
      <Changes incident={incident} />
      <Alerts incident={incident} />
      <Section title="Timeline">
        <NoteForm incident={incident} />
        <ol className="panel divide-y divide-edge overflow-hidden">
          {timeline.toReversed().map((entry) => (
            <TimelineEntry key={`${entry.time} ${entry.kind} ${entry.text}`} entry={entry} />
          ))}
        </ol>
      </Section>
    </>
  )
}

/** The incident that this one became a part of, and those that became a part of this one. */
function MergedWith({ incident: { mergedInto, merged } }: { incident: IncidentDetail }) {
  const ids = mergedInto === null ? merged : [mergedInto]
  return ids.length === 0 ? null : (
    <p>
      {mergedInto === null ? 'Merged with' : 'Merged into'}
      {ids.map((id, i) => (
        <span key={id}>
          {i === 0 ? ' ' : ', '}
          <Link to={`/incidents/${id}`} className="quiet-link font-medium">
            incident {id}
          </Link>
        </span>
      ))}
      .
    </p>
  )
}

/** The times that are known, each with the time since the harm began. */
function Times({ incident }: { incident: IncidentDetail }) {
  const { onset, detected } = incident
  const began = Date.parse(onset?.from ?? detected)
  const rows: [string, string | null, string | null][] = [
    ['Detected', detected, null],
    ['Acknowledged', incident.acknowledged, null],
    ['Declared', incident.declared, null],
    ['Mitigated', incident.mitigated, incident.mitigation],
    ['Over', incident.over, incident.proof],
    ['Closed', incident.closed, incident.closedBy && `by ${incident.closedBy}`],
  ]
  return (
    <Section title="Times">
      <dl className="panel divide-y divide-edge overflow-hidden">
        {onset === null ? null : (
          <Row name="Onset">
            between {momentWords(onset.from)} and {momentWords(onset.until)}
          </Row>
        )}
        {rows.map(([name, time, more]) =>
          time === null ? null : (
            <Row key={name} name={name}>
              {momentWords(time)}
              <span className="text-soft">
                , {durationWords(Date.parse(time) - began)} after the onset
                {more === null ? '' : `: ${more}`}
              </span>
            </Row>
          ),
        )}
      </dl>
    </Section>
  )
}

const Row = ({ name, children }: { name: string; children: ReactNode }) => (
  <div className="grid gap-x-4 px-4 py-2.5 md:grid-cols-[9rem_minmax(0,1fr)]">
    <dt className="font-medium">{name}</dt>
    <dd className="min-w-0 wrap-anywhere">{children}</dd>
  </div>
)

function Changes({ incident }: { incident: IncidentDetail }) {
  return (
    <Section title="What changed just before">
      {incident.changes.length === 0 ? (
        <Nothing>Nothing that Fairlead knows of changed in the day before.</Nothing>
      ) : (
        <ol className="panel divide-y divide-edge overflow-hidden">
          {incident.changes.map((change) => (
            <li
              key={change.id}
              className="flex flex-wrap items-center justify-between gap-x-4 gap-y-2 px-4 py-2.5"
            >
              <div className="min-w-0 flex-1 basis-64 wrap-anywhere">
                <span className="font-medium">
                  {change.place}. {change.text}
                </span>
                <div className="text-soft">
                  {asSentence(change.reason)}{' '}
                  {change.confirmedBy === null
                    ? ''
                    : `It is the cause, says ${change.confirmedBy}.`}
                </div>
              </div>
              <CauseButton incident={incident} change={change} />
            </li>
          ))}
        </ol>
      )}
    </Section>
  )
}

const Alerts = ({ incident: { alerts } }: { incident: IncidentDetail }) =>
  alerts.length === 0 ? null : (
    <Section title="Alerts">
      <ul className="panel divide-y divide-edge overflow-hidden">
        {alerts.map(({ id, title, reason, resolved }) => (
          <li key={id} className="px-4 py-2.5 wrap-anywhere">
            <Link to={`/alerts/${id}`} className="quiet-link font-medium">
              {title}
            </Link>{' '}
            <span className="text-soft">
              {resolved === null ? (
                'goes on'
              ) : (
                <>
                  ended <Ago time={resolved} />
                </>
              )}
            </span>
            <div className="text-soft">{asSentence(reason)}</div>
          </li>
        ))}
      </ul>
    </Section>
  )
