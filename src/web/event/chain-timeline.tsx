import { Link } from 'react-router'
import { describeEvent, shortType } from '#contract/event/describe.ts'
import type { StoredEvent } from '#contract/event/event.ts'
import { useEvents } from '../live/queries.ts'
import { momentWords, timeWords } from '#contract/time-words.ts'
import { More } from '../ui/more.tsx'
import { Section } from '../ui/page.tsx'
import { withoutRepeatedReasons } from './reasons.ts'
import { Loaded } from '../ui/problem.tsx'
import { StatusIcon } from '../ui/status.tsx'

/** Intermediate events: the event that follows says the same and more. */
const omitted = new Set([
  'taskrun.started',
  'service.deployed',
  'service.upgraded',
  'deployment.healthy',
])

/** Every event that one commit caused, newest first. */
export function ChainTimeline({ chain }: { chain: string }) {
  const query = useEvents({ chain })
  return (
    <Section title="What happened" className="mt-0">
      <Loaded query={query} shape={<div className="skeleton h-64" />}>
        {({ pages }) => {
          const events = withoutRepeatedReasons(
            pages
              .flatMap((page) => page.events)
              .filter((event) => !omitted.has(shortType(event.type))),
          )
          return (
            <>
              <ol className="flex flex-col">
                {events.map((event, index) => (
                  <Row key={event.id} event={event} isLast={index === events.length - 1} />
                ))}
              </ol>
              {query.hasNextPage ? (
                <More query={query} shown={events.length} noun="events" />
              ) : null}
            </>
          )
        }}
      </Loaded>
    </Section>
  )
}

function Row({ event, isLast }: { event: StoredEvent; isLast: boolean }) {
  const { tone, text, page } = describeEvent(event)
  return (
    <li className="relative flex gap-3 pb-3">
      {isLast ? null : (
        <span aria-hidden className="absolute top-5 bottom-0 left-[7px] w-px bg-edge-strong" />
      )}
      <span className="pt-0.5">
        <StatusIcon tone={tone} size={15} />
      </span>
      <span className="min-w-0">
        {page ? (
          <Link to={page} className="quiet-link">
            {text}
          </Link>
        ) : (
          text
        )}
        <time
          dateTime={event.time}
          title={momentWords(event.time)}
          className="ml-2 text-small text-soft"
        >
          {timeWords(event.time)}
        </time>
      </span>
    </li>
  )
}
