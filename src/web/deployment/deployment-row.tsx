import { Link } from 'react-router'
import type { Deployment } from '#contract/run/run.ts'
import { Sha } from '../ui/change.tsx'
import { asSentence, deploymentBadges } from '../ui/state.ts'
import { Status } from '../ui/status.tsx'
import { Ago, Elapsed } from '../ui/time.tsx'
import { classes } from '../ui/classes.ts'

const kinds: Record<Deployment['kind'], string> = {
  delivery: 'Delivery',
  configuration: 'Configuration',
  rollback: 'Rollback',
}

/** A deployment in a list. With `isPlaceHidden`, without the app and the environment. */
export function DeploymentRow({
  deployment,
  isPlaceHidden = false,
}: {
  deployment: Deployment
  isPlaceHidden?: boolean
}) {
  const { app, environment, change, run, kind } = deployment
  const place = `/apps/${app}/environments/${environment}`
  const to = run !== null && kind === 'delivery' ? `/runs/${run}?environment=${environment}` : place
  return (
    <li
      className={classes(
        'relative grid grid-cols-[1fr_auto] gap-x-4 gap-y-0.5 px-4 py-2.5',
        'hover:bg-hover/60 md:grid-cols-[9rem_minmax(0,1fr)_9rem] md:items-center',
      )}
    >
      <Status badge={deploymentBadges[deployment.state]} />
      <div className="col-span-2 row-start-2 min-w-0 md:col-span-1 md:col-start-2 md:row-start-1">
        <Link
          to={to}
          data-row
          className={classes(
            'block truncate font-medium after:absolute after:inset-0',
            "after:content-[''] focus-visible:outline-none",
            'focus-visible:after:outline-2 focus-visible:after:-outline-offset-2',
            'focus-visible:after:outline-move',
          )}
        >
          {change.subject}
        </Link>
        <div className="truncate text-soft">
          {isPlaceHidden ? '' : `${app} ${environment} · `}
          {kind === 'delivery' ? '' : `${kinds[kind]} · `}
          <Sha sha={change.sha} /> · {deployment.actor}
          {run !== null && kind === 'delivery' ? ` · run ${run}` : ''}
        </div>
        {deployment.reason ? (
          <div className="mt-0.5 line-clamp-2">{asSentence(deployment.reason)}</div>
        ) : null}
      </div>
      <div className="text-right text-soft md:col-start-3 md:row-start-1">
        <Ago time={deployment.created} />
        <div className="hidden md:block" title="Time from start to live">
          {deployment.started ? (
            <Elapsed from={deployment.started} to={deployment.live ?? deployment.ended} />
          ) : null}
        </div>
      </div>
    </li>
  )
}
