import { Link } from 'react-router'
import type { Deployment, Run } from '#contract/run/run.ts'
import { Sha } from '../ui/change.tsx'
import { asSentence, type Badge, badgeOfRun, deploymentBadges } from '../ui/state.ts'
import { Status, StatusIcon } from '../ui/status.tsx'
import { Ago, Elapsed } from '../ui/time.tsx'
import { classes } from '../ui/classes.ts'

interface Props {
  run: Run
  /** its deployments, and the environments in order, where known */
  deployments?: Deployment[]
  stations?: string[]
}

/** A run in a list. */
export function RunRow({ run, deployments, stations = [] }: Props) {
  return (
    <li
      className={classes(
        'relative grid grid-cols-[1fr_auto] gap-x-4 gap-y-0.5 px-4 py-2.5',
        'hover:bg-hover/60 md:grid-cols-[8rem_minmax(0,1fr)_auto_9rem]',
        'md:items-center',
      )}
    >
      <Status badge={badgeOfRun(run.state, deployments ?? [])} />
      <div className="col-span-2 row-start-2 min-w-0 md:col-span-1 md:col-start-2 md:row-start-1">
        <div className="flex min-w-0 items-baseline gap-2">
          <Link
            to={`/runs/${run.id}`}
            data-row
            className={classes(
              "truncate font-medium after:absolute after:inset-0 after:content-['']",
              'focus-visible:outline-none focus-visible:after:outline-2',
              'focus-visible:after:-outline-offset-2 focus-visible:after:outline-move',
            )}
          >
            {run.change.subject}
          </Link>
        </div>
        <div className="truncate text-soft">
          {run.app} · run {run.id}
          {run.pullRequest === null ? '' : ` · pull request ${run.pullRequest}`} ·{' '}
          <Sha sha={run.change.sha} /> · {run.change.author.name}
        </div>
        {run.reason && run.state !== 'succeeded' ? (
          <div className="mt-0.5 line-clamp-2">{asSentence(run.reason)}</div>
        ) : null}
      </div>
      <div className="col-span-2 hidden md:col-span-1 md:col-start-3 md:row-start-1 md:block">
        {deployments ? <Journey deployments={deployments} stations={stations} /> : null}
      </div>
      <div className="text-right text-soft md:col-start-4 md:row-start-1">
        <Ago time={run.created} />
        <div className="hidden md:block">
          <Elapsed from={run.started} to={run.ended} />
        </div>
      </div>
    </li>
  )
}

/** The progress of a run: one icon for each environment. */
function Journey({ deployments, stations }: { deployments: Deployment[]; stations: string[] }) {
  const badges = stations.map((name): [string, Badge] => {
    const found = deployments.find((one) => one.environment === name && one.kind === 'delivery')
    return [name, found ? deploymentBadges[found.state] : { tone: 'none', word: 'Not reached' }]
  })
  if (badges.length === 0) return null
  const text = badges.map(([name, badge]) => `${name}: ${badge.word.toLowerCase()}`).join(', ')
  return (
    <span role="img" aria-label={text} title={text} className="flex items-center gap-1">
      {badges.map(([name, badge]) => (
        <StatusIcon key={name} tone={badge.word === 'Replaced' ? 'good' : badge.tone} size={14} />
      ))}
    </span>
  )
}
