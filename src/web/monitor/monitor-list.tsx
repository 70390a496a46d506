import { Link } from 'react-router'
import type { Monitor } from '#contract/monitor/monitor.ts'
import { asSentence } from '../ui/state.ts'
import { Status } from '../ui/status.tsx'
import { Ago } from '../ui/time.tsx'
import { monitorBadges, placeOf } from './badges.ts'

/** Monitors in rows; what is not up comes first, with its reason. */
export function MonitorList({ monitors }: { monitors: Monitor[] }) {
  return (
    <ul className="panel divide-y divide-edge overflow-hidden">
      {monitors.map((one) => (
        <li
          key={one.id}
          className="grid grid-cols-[1fr_auto] items-center gap-x-4 gap-y-0.5 px-4 py-2.5
            md:grid-cols-[8rem_minmax(0,1fr)_9rem]"
        >
          <Status badge={monitorBadges[one.state]} />
          <div className="col-span-2 row-start-2 min-w-0 md:col-span-1 md:row-start-1 md:col-start-2">
            <div className="truncate">
              {one.app === null ? (
                <span className="font-medium">{one.name}</span>
              ) : (
                <Link
                  to={`/apps/${one.app}/monitors/${one.id}`}
                  className="font-medium underline-offset-3 hover:underline"
                >
                  {one.name}
                </Link>
              )}{' '}
              <span className="text-soft">of {placeOf(one)}</span>
            </div>
            {one.reason === '' ? null : <div className="text-soft">{asSentence(one.reason)}</div>}
          </div>
          <span className="text-right text-soft">
            <Ago time={one.since} />
          </span>
        </li>
      ))}
    </ul>
  )
}
