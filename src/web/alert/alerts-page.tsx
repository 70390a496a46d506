import { Link } from 'react-router'
import { recordWords } from '#contract/alert/cause-words.ts'
import type { Alert } from '#contract/alert/alert.ts'
import { AppFilter, SelectFilter, useFilter, wordChoices } from '../ui/filters.tsx'
import { Nothing, PageHead, RowsShape, useTitle } from '../ui/page.tsx'
import { Loaded } from '../ui/problem.tsx'
import { asSentence } from '../ui/state.ts'
import { Status } from '../ui/status.tsx'
import { Ago } from '../ui/time.tsx'
import { alertBadges, badgeOf } from './badges.ts'
import { Noise } from './noise.tsx'
import { useAlerts, useSuspectRecord } from './queries.ts'
import { Silences } from './silences.tsx'

/** The list of alerts. */
export function AlertsPage() {
  useTitle('Alerts')
  const [app] = useFilter('app')
  const [state] = useFilter('state')
  const query = useAlerts({
    ...(app === '' ? {} : { app }),
    ...(state in alertBadges ? { state: state as Alert['state'] } : {}),
  })
  return (
    <>
      <PageHead
        title="Alerts"
        actions={
          <>
            <AppFilter />
            <SelectFilter name="state" label="State" choices={wordChoices(alertBadges)} />
          </>
        }
      />
      {app === '' ? null : <Record app={app} />}
      <Loaded query={query} shape={<RowsShape rows={6} height="h-16" />}>
        {(alerts) =>
          alerts.length === 0 ? (
            <Nothing>{state || app ? 'No alerts match the filter.' : 'No alerts yet.'}</Nothing>
          ) : (
            <ul className="panel divide-y divide-edge overflow-hidden">
              {alerts.map((alert) => (
                <AlertRow key={alert.id} alert={alert} />
              ))}
            </ul>
          )
        }
      </Loaded>
      <Silences app={app} />
      <Noise app={app} />
    </>
  )
}

/** How often the suspects of an app were right. */
function Record({ app }: { app: string }) {
  const { data: record } = useSuspectRecord(app)
  return record && record.known > 0 ? (
    <p className="mb-3 text-soft">{recordWords(record).join(' ')}</p>
  ) : null
}

function AlertRow({ alert }: { alert: Alert }) {
  return (
    <li
      className="grid grid-cols-[1fr_auto] items-center gap-x-4 gap-y-0.5 px-4 py-2.5
        md:grid-cols-[9rem_minmax(0,1fr)_9rem]"
    >
      <Status badge={badgeOf(alert)} />
      <div className="col-span-2 row-start-2 min-w-0 md:col-span-1 md:row-start-1 md:col-start-2">
        <Link to={`/alerts/${alert.id}`} className="quiet-link font-medium">
          {alert.title}
        </Link>
        <div className="truncate text-soft">
          {asSentence(alert.reason)}
          {alert.suspects[0] ? ` Most likely: ${alert.suspects[0].name}.` : ''}
          {alert.urgency === 'low' ? ' Low urgency.' : ''}
        </div>
      </div>
      <span className="text-right text-soft">
        <Ago time={alert.opened} />
      </span>
    </li>
  )
}
