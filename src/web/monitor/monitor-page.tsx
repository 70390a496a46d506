import { useParams } from 'react-router'
import type { MonitorDetail } from '#contract/monitor/monitor.ts'
import { Nothing, RowsShape, Section, useTitle } from '../ui/page.tsx'
import { Loaded } from '../ui/problem.tsx'
import { asSentence } from '../ui/state.ts'
import { Status } from '../ui/status.tsx'
import { Ago } from '../ui/time.tsx'
import { monitorBadges, placeOf } from './badges.ts'
import { ObjectiveChart } from './objective-chart.tsx'
import { useMonitor } from './queries.ts'

/** One monitor: its state, how it is checked, what breaks its rule, and its changes. */
export function MonitorPage() {
  const { app = '', monitor = '' } = useParams()
  const query = useMonitor(app, Number(monitor))
  useTitle(`${app}: monitor ${query.data?.name ?? monitor}`)
  return (
    <Loaded query={query} shape={<RowsShape rows={4} />}>
      {(found) => <MonitorView monitor={found} />}
    </Loaded>
  )
}

function MonitorView({ monitor }: { monitor: MonitorDetail }) {
  const { app, id, kind, name, state, reason, since, entities, changes } = monitor
  return (
    <>
      <div className="panel space-y-1 px-4 py-3">
        <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
          <Status badge={monitorBadges[state]} />
          <span className="font-medium">{name}</span>
          <span className="text-soft">of {placeOf(monitor)}</span>
          <span className="text-soft">
            <Ago time={since} />
          </span>
        </div>
        {reason === '' ? null : <p>{asSentence(reason)}</p>}
        <Facts monitor={monitor} />
      </div>
      {entities.length === 0 ? null : (
        <Section title="What breaks the rule">
          <ul className="panel flex flex-wrap gap-x-4 gap-y-1 px-4 py-2.5 font-mono">
            {entities.map((one) => (
              <li key={one} className="break-all">
                {one}
              </li>
            ))}
          </ul>
        </Section>
      )}
      <Hosts hosts={monitor.hosts} />
      {kind === 'slo' && app !== null ? <ObjectiveChart app={app} monitor={id} /> : null}
      <Section title="Changes">
        {changes.length === 0 ? (
          <Nothing>It was always up.</Nothing>
        ) : (
          <ol className="panel divide-y divide-edge overflow-hidden">
            {changes.map((one) => (
              <li
                key={one.time}
                className="grid gap-x-4 px-4 py-2.5 md:grid-cols-[8rem_minmax(0,1fr)_9rem]"
              >
                <Status badge={monitorBadges[one.state]} />
                <span className="min-w-0 break-words">{asSentence(one.reason)}</span>
                <span className="text-soft md:text-right">
                  <Ago time={one.time} />
                </span>
              </li>
            ))}
          </ol>
        )}
      </Section>
    </>
  )
}

/** What each host of `from` says. */
function Hosts({ hosts }: Pick<MonitorDetail, 'hosts'>) {
  if (hosts.length === 0) return null
  return (
    <Section title="Hosts that check it">
      <ul className="panel divide-y divide-edge overflow-hidden">
        {hosts.map(({ host, state, reason }) => (
          <li
            key={host}
            className="grid gap-x-4 px-4 py-2.5 md:grid-cols-[8rem_10rem_minmax(0,1fr)]"
          >
            <Status badge={monitorBadges[state]} />
            <span className="font-medium break-words">{host}</span>
            <span className="min-w-0 break-words text-soft">{asSentence(reason)}</span>
          </li>
        ))}
      </ul>
    </Section>
  )
}

/** How it is checked, in rows. */
function Facts({ monitor }: { monitor: MonitorDetail }) {
  const { kind, settings, every, needs, took, call } = monitor
  if (every === null) return <p className="text-soft">It needs no configuration.</p>
  const rows = [
    ['Checked', `every ${every / 1000} s${took === null ? '' : `, the last time in ${took} ms`}`],
    // The chart of an objective says what it promises.
    ...(kind === 'slo' ? [] : [[kind, JSON.stringify(settings)]]),
    ...(needs.length === 0 ? [] : [['Needs', needs.join(', ')]]),
    ...(call === null ? [] : [['Call', call]]),
  ]
  return (
    <dl className="grid gap-x-4 gap-y-1 pt-2 sm:grid-cols-[6rem_minmax(0,1fr)]">
      {rows.map(([term, text]) => (
        <div key={term} className="contents">
          <dt className="text-soft">{term}</dt>
          <dd className="min-w-0 font-mono break-words">{text}</dd>
        </div>
      ))}
    </dl>
  )
}
