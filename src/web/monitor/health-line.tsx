import { Link } from 'react-router'
import type { Monitor } from '#contract/monitor/monitor.ts'
import { asSentence } from '../ui/state.ts'
import { Status } from '../ui/status.tsx'
import { Ago } from '../ui/time.tsx'
import { monitorBadges, placeOf } from './badges.ts'
import { useMonitors } from './queries.ts'

const isHarm = ({ state }: Monitor): boolean => state === 'down' || state === 'degraded'
const most = 5

/** What monitors found, of an app or of all; nothing while all is well. */
export function HealthLine({ app }: { app?: string }) {
  const { data = [] } = useMonitors(app)
  const found = data.filter(isHarm)
  if (found.length === 0) return null
  return (
    <section aria-label="Harm that monitors found" className="panel mb-4 divide-y divide-edge">
      {found.slice(0, most).map((one) => (
        <div key={one.id} className="flex flex-wrap items-center gap-x-3 gap-y-0.5 px-4 py-2">
          <Status badge={monitorBadges[one.state]} />
          <Link
            to={one.app === null ? '/monitors' : `/apps/${one.app}/monitors/${one.id}`}
            className="font-medium underline underline-offset-3"
          >
            {one.name}
          </Link>
          <span className="text-soft">of {placeOf(one)}</span>
          <span className="min-w-0 break-words">{asSentence(one.reason)}</span>
          <span className="text-soft">
            <Ago time={one.since} />
          </span>
        </div>
      ))}
      {found.length > most ? (
        <Link to="/monitors" className="block px-4 py-2 underline underline-offset-3">
          {found.length - most} more
        </Link>
      ) : null}
    </section>
  )
}
