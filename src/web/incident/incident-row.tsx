import { Link } from 'react-router'
import type { Incident } from '#contract/incident/incident.ts'
import { Status } from '../ui/status.tsx'
import { Ago } from '../ui/time.tsx'
import { incidentBadges, placeOf } from './badges.ts'

/** An incident as a row of a list. */
export function IncidentRow({ incident }: { incident: Incident }) {
  const { id, title, state, severity, commander, detected } = incident
  return (
    <li
      className="grid grid-cols-[1fr_auto] items-center gap-x-4 gap-y-0.5 px-4 py-2.5
        md:grid-cols-[9rem_minmax(0,1fr)_9rem]"
    >
      <Status badge={incidentBadges[state]} />
      <div className="col-span-2 row-start-2 min-w-0 md:col-span-1 md:col-start-2 md:row-start-1">
        <Link to={`/incidents/${id}`} data-row className="quiet-link font-medium wrap-anywhere">
          {title}
        </Link>
        <div className="text-soft wrap-anywhere">
          {severity}, {placeOf(incident)},{' '}
          {commander === null ? 'nobody has it' : `${commander} has it`}
        </div>
      </div>
      <span className="text-right text-soft">
        <Ago time={detected} />
      </span>
    </li>
  )
}
