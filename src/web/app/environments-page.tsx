import { Link, useParams } from 'react-router'
import type { Environment } from '#contract/environment/environment.ts'
import { useLine } from '../live/run-queries.ts'
import { Sha } from '../ui/change.tsx'
import { Nothing, RowsShape, useTitle } from '../ui/page.tsx'
import { Loaded } from '../ui/problem.tsx'
import { healthBadges } from '../ui/state.ts'
import { Status } from '../ui/status.tsx'
import { Ago } from '../ui/time.tsx'

/** The environments of an app: the state, the release and the address of each. */
export function EnvironmentsPage() {
  const { app = '' } = useParams()
  const query = useLine(app)
  useTitle(`${app}: environments`)
  return (
    <Loaded query={query} shape={<RowsShape rows={3} height="h-16" />}>
      {({ environments, formerEnvironments }) => {
        const all = [...environments, ...formerEnvironments]
        if (all.length === 0)
          return <Nothing>There are no environments yet. The first run creates them.</Nothing>
        return (
          <ul className="panel divide-y divide-edge overflow-hidden">
            {all.map((environment) => (
              <Row key={environment.name} environment={environment} />
            ))}
          </ul>
        )
      }}
    </Loaded>
  )
}

function Row({ environment }: { environment: Environment }) {
  const { app, name, health, current, urls, isInFile } = environment
  return (
    <li
      className="grid items-baseline gap-x-6 gap-y-1 px-4 py-3
        md:grid-cols-[10rem_8rem_minmax(0,1fr)_minmax(0,1fr)]"
    >
      <Link
        to={`/apps/${app}/environments/${name}`}
        data-row
        className="quiet-link truncate font-medium"
      >
        {name}
      </Link>
      <Status badge={healthBadges[health]} />
      <span className="min-w-0 truncate">
        {current ? (
          <>
            <Sha sha={current.change.sha} /> {current.change.subject}
            {current.live ? (
              <span className="text-soft">
                {' '}
                · live <Ago time={current.live} />
              </span>
            ) : null}
          </>
        ) : (
          <span className="text-soft">Nothing is deployed here yet.</span>
        )}
      </span>
      <span className="min-w-0 truncate md:text-right">
        {isInFile ? null : <span className="mr-3 text-warn">no longer in fairlead.yaml</span>}
        {current && urls[0] ? (
          <a
            href={urls[0]}
            target="_blank"
            rel="noreferrer"
            className="underline underline-offset-3"
          >
            {urls[0].replace(/^https?:\/\//, '')}
          </a>
        ) : null}
      </span>
    </li>
  )
}
