import { Link } from 'react-router'
import type { CountedDeployment } from '#contract/home/home.ts'
import { durationWords } from '#contract/time-words.ts'
import { Sha } from '../ui/change.tsx'
import { type Badge, deploymentBadges } from '../ui/state.ts'
import { Status } from '../ui/status.tsx'
import { Ago } from '../ui/time.tsx'

function badgeOf({ isRolledBack, isFailed }: CountedDeployment): Badge {
  if (isRolledBack) return deploymentBadges.rolled_back
  return isFailed ? deploymentBadges.failed : { tone: 'good', word: 'Good' }
}

/** A deployment that the delivery figures count. */
export function CountedRow({ deployment }: { deployment: CountedDeployment }) {
  const { app, environment, run, sha, subject, at, leadTimeMs, incidents } = deployment
  const to =
    run === null
      ? `/apps/${app}/environments/${environment}`
      : `/runs/${run}?environment=${environment}`
  return (
    <li
      className="grid grid-cols-[1fr_auto] gap-x-4 gap-y-0.5 px-4 py-2.5
        md:grid-cols-[9rem_minmax(0,1fr)_9rem] md:items-center"
    >
      <Status badge={badgeOf(deployment)} />
      <div className="col-span-2 row-start-2 min-w-0 md:col-span-1 md:col-start-2 md:row-start-1">
        <Link to={to} data-row className="quiet-link font-medium wrap-anywhere">
          {subject}
        </Link>
        <div className="text-soft wrap-anywhere">
          {app} {environment} · <Sha sha={sha} />
          {leadTimeMs === null ? '' : ` · lead time ${durationWords(leadTimeMs)}`}
        </div>
        {deployment.isFailed ? (
          <div className="text-soft">
            {incidents.map((id) => (
              <span key={id}>
                <Link to={`/incidents/${id}`} className="quiet-link underline">
                  incident {id}
                </Link>
                {' · '}
              </span>
            ))}
            {recoveryWords(deployment)}
          </div>
        ) : null}
      </div>
      <span className="text-right text-soft md:col-start-3 md:row-start-1">
        <Ago time={at} />
      </span>
    </li>
  )
}

const recoveryWords = ({ recoveryMs }: CountedDeployment): string =>
  recoveryMs === null ? 'not recovered yet' : `recovered in ${durationWords(recoveryMs)}`
