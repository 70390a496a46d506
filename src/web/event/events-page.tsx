import { useState } from 'react'
import { Link, useSearchParams } from 'react-router'
import { describeEvent, shortType } from '#contract/event/describe.ts'
import type { StoredEvent } from '#contract/event/event.ts'
import { events as definitions } from '#contract/events.ts'
import { useDependencies } from '../live/dependencies.tsx'
import { useEvents } from '../live/queries.ts'
import { dayWords, momentWords, timeWords } from '#contract/time-words.ts'
import { AppFilter, SelectFilter, TextFilter, useFilter } from '../ui/filters.tsx'
import { Button } from '../ui/button.tsx'
import { More } from '../ui/more.tsx'
import { Nothing, PageHead, RowsShape, useTitle } from '../ui/page.tsx'
import { Loaded } from '../ui/problem.tsx'
import { StatusIcon } from '../ui/status.tsx'

const types = definitions.map(({ type }) => ({ value: type, text: shortType(type) }))

const periods: [string, string, number][] = [
  ['hour', 'Last hour', 3_600_000],
  ['day', 'Last 24 hours', 86_400_000],
  ['week', 'Last 7 days', 7 * 86_400_000],
  ['month', 'Last 30 days', 30 * 86_400_000],
]

/** The bounds of the chosen days, in local time, or those of a period up to now. */
function useSpan(): { since?: string; until?: string } {
  const [period] = useFilter('period')
  const [from] = useFilter('from')
  const [to] = useFilter('to')
  const { clock } = useDependencies()
  const length = periods.find(([name]) => name === period)?.[2]
  // Whole minutes, so that the query stays the same while the page is shown again.
  const now = Math.floor(clock.tick() / 60_000) * 60_000
  const [start] = useState(now)
  if (length !== undefined) return { since: new Date(start - length).toISOString() }
  const dayAfter = (day: string): Date => {
    const date = new Date(`${day}T00:00`)
    date.setDate(date.getDate() + 1)
    return date
  }
  const isDay = (text: string): boolean => !Number.isNaN(Date.parse(`${text}T00:00`))
  return {
    ...(isDay(from) ? { since: new Date(`${from}T00:00`).toISOString() } : {}),
    ...(isDay(to) ? { until: dayAfter(to).toISOString() } : {}),
  }
}

/** The event log: what happened, when, and who did it. */
export function EventsPage() {
  useTitle('Events')
  const [app] = useFilter('app')
  const [type] = useFilter('type')
  const [chain, setChain] = useFilter('chain')
  const [actor] = useFilter('actor')
  const [text] = useFilter('q')
  const span = useSpan()
  const query = useEvents({
    ...(app ? { app } : {}),
    ...(type ? { type } : {}),
    ...(chain ? { chain } : {}),
    ...(actor ? { actor } : {}),
    ...(text.trim() ? { text: text.trim() } : {}),
    ...span,
  })
  return (
    <>
      <PageHead title="Events">
        {chain ? (
          <p className="mt-1 flex items-center gap-2 text-soft">
            Events caused by one commit. <Button onClick={() => setChain('')}>Show all</Button>
          </p>
        ) : (
          <p className="mt-1 text-soft">Everything that happened, and who caused it.</p>
        )}
      </PageHead>
      <Filters />
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

function Filters() {
  return (
    <div role="search" aria-label="Events" className="mb-5 flex flex-wrap items-end gap-3">
      <TextFilter name="q" label="Search" placeholder="Text of an event" isSearch />
      <AppFilter />
      <SelectFilter name="type" label="Type" choices={types} />
      <TextFilter name="actor" label="User" placeholder="Name" />
      <SelectFilter
        name="period"
        label="Period"
        choices={periods.map(([value, text]) => ({ value, text }))}
      />
      <TextFilter name="from" label="From" type="date" />
      <TextFilter name="to" label="To" type="date" />
    </div>
  )
}

function Days({ events }: { events: StoredEvent[] }) {
  const days = Map.groupBy(events, (event) => dayWords(event.time))
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
 * The credential, the user of the Git provider, and the address. A session is the usual
 * credential, and the actor of a machine's token already names the machine, so both are left out.
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
        title={momentWords(event.time)}
        className="col-start-2 row-start-2 text-soft md:col-start-1 md:row-start-1"
      >
        {timeWords(event.time)}
      </time>
      <span className="pt-0.5">
        <StatusIcon tone={tone} />
      </span>
      <span className="min-w-0 wrap-anywhere">
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
        title="Events caused by the same commit"
        className="hidden text-soft underline underline-offset-3 md:inline"
      >
        chain
      </Link>
    </li>
  )
}
