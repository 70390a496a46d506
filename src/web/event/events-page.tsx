import { Link, useSearchParams } from 'react-router'
import { describeEvent, shortType } from '#contract/event/describe.ts'
import type { StoredEvent } from '#contract/event/event.ts'
import { events as definitions } from '#contract/events.ts'
import { useAppNames, useEvents } from '../live/queries.ts'
import { formatDay, formatMoment, formatTime } from '../ui/duration.ts'
import { SelectFilter, useFilter } from '../ui/filters.tsx'
import { Button } from '../ui/button.tsx'
import { More } from '../ui/more.tsx'
import { Nothing, PageHead, RowsShape, useTitle } from '../ui/page.tsx'
import { Loaded } from '../ui/problem.tsx'
import { StatusIcon } from '../ui/status.tsx'

const types = definitions.map(({ type }) => ({ value: type, text: shortType(type) }))

/** The event log: what happened, when, and who did it. */
export function EventsPage() {
  useTitle('Events')
  const [app] = useFilter('app')
  const [type] = useFilter('type')
  const [chain, setChain] = useFilter('chain')
  const [actor, setActor] = useFilter('actor')
  const query = useEvents({
    ...(app ? { app } : {}),
    ...(type ? { type } : {}),
    ...(chain ? { chain } : {}),
    ...(actor ? { actor } : {}),
  })
  const apps = useAppNames().map((name) => ({ value: name, text: name }))
  return (
    <>
      <PageHead
        title="Events"
        actions={
          <>
            <SelectFilter name="app" label="App" choices={apps} />
            <SelectFilter name="type" label="Type" choices={types} />
          </>
        }
      >
        {actor ? (
          <p className="mt-1 flex items-center gap-2 text-soft">
            Events caused by {actor}. <Button onClick={() => setActor('')}>Show all</Button>
          </p>
        ) : chain ? (
          <p className="mt-1 flex items-center gap-2 text-soft">
            Events caused by one check-in. <Button onClick={() => setChain('')}>Show all</Button>
          </p>
        ) : (
          <p className="mt-1 text-soft">Everything that happened, and who caused it.</p>
        )}
      </PageHead>
      <Loaded query={query} shape={<RowsShape rows={14} height="h-9" />}>
        {({ pages }) => {
          const events = pages.flatMap((page) => page.events)
          if (events.length === 0) return <Nothing>No event matches these filters.</Nothing>
          return (
            <>
              <Days events={events} />
              <More query={query} shown={events.length} noun="events" />
            </>
          )
        }}
      </Loaded>
    </>
  )
}

function Days({ events }: { events: StoredEvent[] }) {
  const days = Map.groupBy(events, (event) => formatDay(event.time))
  return [...days].map(([day, eventsOfDay]) => (
    <section key={day} aria-label={day} className="mb-5">
      <h2 className="mb-2 font-semibold">{day}</h2>
      <ol className="panel divide-y divide-edge overflow-hidden">
        {eventsOfDay.map((event) => (
          <EventRow key={event.id} event={event} />
        ))}
      </ol>
    </section>
  ))
}

/**
 * The credential, the user of the forge, and the address. A session is the usual credential, and
 * the actor of a machine's token already names the machine, so both are left out.
 */
function credentialOf({ by }: StoredEvent): string {
  if (by === null) return ''
  const credential = ['session', 'machine'].includes(by.credential)
    ? ''
    : [by.credential, by.name].filter(Boolean).join(' ')
  const parts = [
    credential,
    by.onBehalfOf && `for ${by.onBehalfOf}`,
    by.address && `from ${by.address}`,
  ]
  const text = parts.filter(Boolean).join(', ')
  return text === '' ? '' : ` (${text})`
}

const rowClass =
  'grid grid-cols-[auto_1fr] gap-x-3 px-4 py-1.5 hover:bg-hover/60 ' +
  'md:grid-cols-[4.5rem_auto_minmax(0,1fr)_auto_auto]'

function EventRow({ event }: { event: StoredEvent }) {
  const { tone, text, page } = describeEvent(event)
  const [search] = useSearchParams()
  const chain = new URLSearchParams(search)
  chain.set('chain', event.chain)
  const byActor = new URLSearchParams(search)
  byActor.set('actor', event.actor)
  return (
    <li className={rowClass}>
      <time
        dateTime={event.time}
        title={formatMoment(event.time)}
        className="col-start-2 row-start-2 text-soft md:col-start-1 md:row-start-1"
      >
        {formatTime(event.time)}
      </time>
      <span className="pt-0.5">
        <StatusIcon tone={tone} />
      </span>
      <span className="min-w-0">
        {page ? (
          <Link to={page} data-row className="quiet-link">
            {text}
          </Link>
        ) : (
          text
        )}
      </span>
      <span className="col-start-2 min-w-0 truncate text-soft md:col-start-auto">
        {event.app === null ? '' : `${event.app} · `}
        <Link
          to={`?${byActor.toString()}`}
          title={`Events caused by ${event.actor}`}
          className="quiet-link"
        >
          {event.actor}
        </Link>
        {credentialOf(event)}
      </span>
      <Link
        to={`?${chain.toString()}`}
        title="Events caused by the same check-in"
        className="hidden text-soft underline underline-offset-3 md:inline"
      >
        chain
      </Link>
    </li>
  )
}
