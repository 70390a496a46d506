import { Link } from 'react-router'
import type { IncidentEntry } from '#contract/incident/incident.ts'
import type { Tone } from '../ui/state.ts'
import { StatusIcon } from '../ui/status.tsx'
import { Ago } from '../ui/time.tsx'

/** One line of the timeline of an incident. */
export const TimelineEntry = ({
  entry: { kind, tone, actor, text, page, time },
}: {
  entry: IncidentEntry
}) => (
  <li
    className="grid grid-cols-[auto_minmax(0,1fr)] gap-x-3 px-4 py-2.5
      md:grid-cols-[auto_minmax(0,1fr)_9rem]"
  >
    <span className="pt-0.5">
      <StatusIcon tone={tone as Tone} size={17} />
    </span>
    <span className="min-w-0 whitespace-pre-wrap wrap-anywhere">
      {kind === 'note' ? <span className="font-medium">{actor}: </span> : null}
      {page === null ? (
        text
      ) : (
        <Link to={page} className="quiet-link">
          {text}
        </Link>
      )}
    </span>
    <span className="col-start-2 text-soft md:col-start-3 md:text-right">
      <Ago time={time} />
    </span>
  </li>
)
