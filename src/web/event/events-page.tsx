import { Link, useSearchParams } from 'react-router'
import { eventTypes, type StoredEvent } from '#contract/event/event.ts'
import { useEvents, useLines } from '../live/queries.ts'
import { formatDay, formatMoment, formatTime } from '../ui/duration.ts'
import { SelectFilter, useFilter } from '../ui/filters.tsx'
import { Button } from '../ui/button.tsx'
import { More } from '../ui/more.tsx'
import { Nothing, PageHead, RowsShape, useTitle } from '../ui/page.tsx'
import { Loaded } from '../ui/problem.tsx'
import { StatusIcon } from '../ui/status.tsx'
import { shortType, tell } from './sentence.ts'

const types = Object.keys(eventTypes).map((value) => ({ value, text: shortType(value) }))

/** The log of everything that happened, and who did it. */
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
  const { data: lines = [] } = useLines()
  const apps = lines.map((line) => ({ value: line.app.name, text: line.app.name }))
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
            What {actor} did. <Button onClick={() => setActor('')}>Show all</Button>
          </p>
        ) : chain ? (
          <p className="mt-1 flex items-center gap-2 text-soft">
            What one check-in led to. <Button onClick={() => setChain('')}>Show all</Button>
          </p>
        ) : (
          <p className="mt-1 text-soft">Everything that happened, and who did it.</p>
        )}
      </PageHead>
      <Loaded query={query} shape={<RowsShape rows={14} height="h-9" />}>
        {({ pages }) => {
          const events = pages.flatMap((page) => page.events)
          if (events.length === 0) return <Nothing>There is no event like that.</Nothing>
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
  return [...days].map(([day, ofDay]) => (
    <section key={day} aria-label={day} className="mb-5">
      <h2 className="mb-2 font-semibold">{day}</h2>
      <ol className="panel divide-y divide-edge overflow-hidden">
        {ofDay.map((event) => (
          <EventRow key={event.id} event={event} />
        ))}
      </ol>
    </section>
  ))
}

/**
 * By which credential, for whom, and from where; a session is what is usual, and this machine is
 * called so already.
 */
function byInWords({ by }: StoredEvent): string {
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

function EventRow({ event }: { event: StoredEvent }) {
  const told = tell(event)
  const [search] = useSearchParams()
  const chain = new URLSearchParams(search)
  chain.set('chain', event.chain)
  const ofActor = new URLSearchParams(search)
  ofActor.set('actor', event.actor)
  return (
    <li className="grid grid-cols-[auto_1fr] gap-x-3 px-4 py-1.5 hover:bg-hover/60 md:grid-cols-[4.5rem_auto_minmax(0,1fr)_auto_auto]">
      <time
        dateTime={event.time}
        title={formatMoment(event.time)}
        className="col-start-2 row-start-2 text-soft md:col-start-1 md:row-start-1"
      >
        {formatTime(event.time)}
      </time>
      <span className="pt-0.5">
        <StatusIcon tone={told.tone} />
      </span>
      <span className="min-w-0">
        {told.to ? (
          <Link to={told.to} data-row className="quiet-link">
            {told.text}
          </Link>
        ) : (
          told.text
        )}
      </span>
      <span className="col-start-2 min-w-0 truncate text-soft md:col-start-auto">
        {event.app === null ? '' : `${event.app} · `}
        <Link
          to={`?${ofActor.toString()}`}
          title={`What ${event.actor} did`}
          className="quiet-link"
        >
          {event.actor}
        </Link>
        {byInWords(event)}
      </span>
      <Link
        to={`?${chain.toString()}`}
        title="Everything that the same check-in led to"
        className="hidden text-soft underline underline-offset-3 md:inline"
      >
        chain
      </Link>
    </li>
  )
}
