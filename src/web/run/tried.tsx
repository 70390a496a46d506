import { Link } from 'react-router'
import type { TriedExperiment } from '#contract/run/run.ts'
import { experimentBadges } from '../experiment/badges.ts'
import { type Badge, asSentence } from '../ui/state.ts'
import { Status } from '../ui/status.tsx'

const notYet: Badge = { tone: 'none', word: 'Did not run' }

/** The experiments that decide whether a change goes to the next environment. */
export function Tried({ app, experiments }: { app: string; experiments: TriedExperiment[] }) {
  return (
    <ul aria-label="Experiments" className="panel mb-4 divide-y divide-edge overflow-hidden">
      {experiments.map(({ name, run }) => (
        <li key={name} className="flex flex-wrap items-center gap-x-3 gap-y-1 px-4 py-2.5">
          <Status badge={run === null ? notYet : experimentBadges[run.state]} />
          {run === null ? (
            <span className="font-medium">{name}</span>
          ) : (
            <Link
              to={`/apps/${app}/experiment-runs/${run.id}`}
              className="font-medium underline underline-offset-3"
            >
              {name}
            </Link>
          )}
          {run?.reason ? (
            <span className="min-w-0 break-words text-soft">{asSentence(run.reason)}</span>
          ) : null}
        </li>
      ))}
    </ul>
  )
}
