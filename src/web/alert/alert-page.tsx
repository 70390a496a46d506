import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { Link, useParams } from 'react-router'
import { causeWords } from '#contract/alert/cause-words.ts'
import type { AlertDetail, AlertDrift } from '#contract/alert/alert.ts'
import { useClient } from '../live/dependencies.tsx'
import { useMay } from '../live/access-queries.ts'
import { Button } from '../ui/button.tsx'
import { Confirm, type Question } from '../ui/dialog.tsx'
import { momentWords } from '#contract/time-words.ts'
import { Nothing, PageHead, RowsShape, Section, useTitle } from '../ui/page.tsx'
import { Loaded } from '../ui/problem.tsx'
import { asSentence } from '../ui/state.ts'
import { Status } from '../ui/status.tsx'
import { Ago } from '../ui/time.tsx'
import { badgeOf } from './badges.ts'
import { useAlert } from './queries.ts'

/** One alert: what is wrong, who may have caused it, and what was done. */
export function AlertPage() {
  const id = Number(useParams()['alert'])
  const query = useAlert(id)
  useTitle(`Alert ${id}`)
  return (
    <Loaded isPage query={query} shape={<RowsShape rows={5} height="h-14" />}>
      {(alert) => <AlertView alert={alert} />}
    </Loaded>
  )
}

type ShownAlert = AlertDetail & { drift: AlertDrift[] }

function AlertView({ alert }: { alert: ShownAlert }) {
  const { app, environment, deployment, onset, suspects, sources, entries, drift } = alert
  const until = alert.state === 'acknowledged' ? alert.acknowledgedUntil : null
  return (
    <>
      <PageHead
        crumbs={[{ to: '/alerts', text: 'Alerts' }]}
        title={alert.title}
        actions={<Actions alert={alert} />}
      >
        <div className="mt-1 flex flex-wrap items-center gap-x-4 gap-y-1">
          <Status badge={badgeOf(alert)} />
          <span className="text-soft">
            opened <Ago time={alert.opened} />
            {until !== null && `, ${alert.acknowledgedBy ?? ''} has it until ${momentWords(until)}`}
          </span>
        </div>
      </PageHead>
      <div className="panel flex flex-col gap-1.5 px-4 py-3">
        <p>{asSentence(alert.reason)}</p>
        {onset ? (
          <p className="text-soft">
            {onset.from === onset.until
              ? `It began at ${momentWords(onset.from)}.`
              : `It began between ${momentWords(onset.from)} and ${momentWords(onset.until)}.`}
          </p>
        ) : null}
        {deployment === null ? null : (
          <p>
            Deployment {deployment} went live shortly before.{' '}
            <Link
              to={`/apps/${app ?? ''}/environments/${environment ?? ''}`}
              className="underline underline-offset-3"
            >
              Roll back in {environment}
            </Link>
          </p>
        )}
        {app === null ? null : (
          <Link to={`/apps/${app}/monitors`} className="underline underline-offset-3">
            Measurements of {app}
          </Link>
        )}
      </div>
      <Section title={alert.resolved === null ? 'What fires' : 'What fired'}>
        <ul className="panel divide-y divide-edge overflow-hidden">
          {sources.map(({ source, title, reason, ended, link }) => (
            <li key={source} className="px-4 py-2.5">
              <span className="font-medium">{title}</span>
              {ended === null ? null : (
                <span className="text-soft">
                  {' '}
                  ended <Ago time={ended} />
                </span>
              )}
              <div className="text-soft">
                {asSentence(reason)}{' '}
                {link === null ? null : (
                  <a
                    href={link}
                    target="_blank"
                    rel="noreferrer"
                    className="underline underline-offset-3"
                  >
                    Page in the other tool
                  </a>
                )}
              </div>
            </li>
          ))}
        </ul>
      </Section>
      <Section title="Who may have caused it">
        {suspects.length === 0 ? (
          <Nothing>No change explains it.</Nothing>
        ) : (
          <ul className="panel divide-y divide-edge overflow-hidden">
            {suspects.map(({ name, reason }) => (
              <li key={name} className="px-4 py-2.5">
                <span className="font-medium">{name}</span>{' '}
                <span className="text-soft">because {reason}</span>
              </li>
            ))}
          </ul>
        )}
        {alert.cause ? (
          <p className="mt-2 text-soft">{asSentence(causeWords(alert.cause))}</p>
        ) : null}
      </Section>
      {drift.length === 0 ? null : (
        <Section title="What had changed outside of deployments">
          <ul className="panel divide-y divide-edge overflow-hidden">
            {drift.map(({ service, machine, kind, name, since }) => (
              <li
                key={`${service} ${machine} ${kind} ${name} ${since}`}
                className="px-4 py-2.5 break-all"
              >
                {(service ?? machine) === null ? '' : `${service ?? machine}: `}
                {kind} {name}{' '}
                <span className="text-soft">
                  found <Ago time={since} />
                </span>
              </li>
            ))}
          </ul>
        </Section>
      )}
      <Section title="Timeline">
        <ol className="panel divide-y divide-edge overflow-hidden">
          {entries.map((entry) => (
            <li
              key={entry.id}
              className="grid gap-x-4 px-4 py-2.5 md:grid-cols-[8rem_minmax(0,1fr)_9rem]"
            >
              <span className="font-medium">{entry.kind}</span>
              <span className="min-w-0 break-words">
                {entry.actor === 'fairlead' ? '' : `${entry.actor}: `}
                {entry.text}
              </span>
              <span className="text-soft md:text-right">
                <Ago time={entry.time} />
              </span>
            </li>
          ))}
        </ol>
      </Section>
    </>
  )
}

function Actions({ alert: { id, app, environment, service, resolved } }: { alert: AlertDetail }) {
  const client = useClient()
  const queries = useQueryClient()
  const mayAct = useMay('developer', app)
  const [question, ask] = useState<Question | null>(null)
  if (!mayAct || resolved !== null) return null
  const readAgain = () => queries.invalidateQueries({ queryKey: ['alerts'] })
  const acknowledge: Question = {
    title: 'Take this alert on for an hour?',
    text: 'Nobody is notified again in this time. It opens again if it is not resolved by then.',
    verb: 'Take it on',
    act: async () => {
      await client.acknowledgeAlert({ params: { alert: id }, body: {} })
      await readAgain()
    },
  }
  const pass: Question = {
    title: 'Pass this alert on?',
    text: 'You say that it is not yours. The next person of the escalation is notified now.',
    verb: 'Pass it on',
    act: async () => {
      await client.passAlert({ params: { alert: id }, body: {} })
      await readAgain()
    },
  }
  const silence: Question = {
    title: `Silence ${service ?? environment ?? app ?? ''} for an hour?`,
    text: 'Alerts still open. They are sent if they are still open when the silence ends.',
    verb: 'Silence',
    act: async () => {
      await client.createSilence({
        params: { app: app ?? '' },
        body: {
          ...{ minutes: 60, reason: `alert ${id}` },
          ...(environment === null ? {} : { environment }),
          ...(service === null ? {} : { service }),
        },
      })
      await readAgain()
    },
  }
  const resolve: Question = {
    title: 'Resolve this alert?',
    text: 'What still fires opens an alert again only after it has ended.',
    verb: 'Resolve',
    act: async () => {
      await client.resolveAlert({ params: { alert: id }, body: {} })
      await readAgain()
    },
  }
  return (
    <>
      <Button kind="primary" onClick={() => ask(acknowledge)}>
        Acknowledge …
      </Button>
      <Button onClick={() => ask(pass)}>Not mine …</Button>
      {app === null ? null : <Button onClick={() => ask(silence)}>Silence …</Button>}
      <Button onClick={() => ask(resolve)}>Resolve …</Button>
      <Confirm question={question} close={() => ask(null)} />
    </>
  )
}
