import { Link, useParams } from 'react-router'
import type { App } from '#contract/app/app.ts'
import type { Line } from '#contract/environment/environment.ts'
import { LineRow } from '../line/line-row.tsx'
import { useLine, useRunDetails } from '../live/run-queries.ts'
import { usePullRequests } from '../live/forge-queries.ts'
import { HealthLine } from '../monitor/health-line.tsx'
import { PullRequestRow } from '../pull-request/pull-request-row.tsx'
import { RunRow } from '../run/run-row.tsx'
import { ButtonLink } from '../ui/button.tsx'
import { Command } from '../ui/copy.tsx'
import { Nothing, RowsShape, Section, useTitle, Warning } from '../ui/page.tsx'
import { Loaded } from '../ui/problem.tsx'

export function AppPage() {
  const { app = '' } = useParams()
  const query = useLine(app)
  useTitle(app)
  return (
    <Loaded query={query} shape={<RowsShape rows={4} height="h-20" />}>
      {(line) => <AppView line={line} />}
    </Loaded>
  )
}

function AppView({ line }: { line: Line }) {
  const { app } = line
  const inSteps = line.runs
    .filter((run) => run.state === 'running' && run.deployments.length === 0)
    .map((run) => run.id)
  const details = useRunDetails(inSteps)
  return (
    <>
      {app.problem ? <Warning text={app.problem} /> : null}
      <HealthLine app={app.name} />
      <LineRow line={line} detail={details.get(inSteps[0] ?? 0)} bare />
      {line.pullRequests.open + line.pullRequests.previews > 0 ? (
        <PullRequests app={app.name} />
      ) : null}
      <Section title="How to deliver a change">
        <HowToPush app={app} isNew={line.latest === null} />
      </Section>
      <Section
        title="Latest runs"
        aside={<ButtonLink to={`/apps/${app.name}/runs`}>All runs</ButtonLink>}
      >
        {line.runs.length === 0 ? (
          <Nothing>No changes yet.</Nothing>
        ) : (
          <ul className="panel divide-y divide-edge overflow-hidden">
            {line.runs.map((run) => (
              <RunRow
                key={run.id}
                run={run}
                deployments={run.deployments}
                stations={line.environments.map((one) => one.name)}
              />
            ))}
          </ul>
        )}
      </Section>
    </>
  )
}

/** The open pull requests. The line itself has only their number. */
function PullRequests({ app }: { app: string }) {
  const query = usePullRequests(app, 'open', 10)
  return (
    <Section
      title="Pull requests"
      aside={<ButtonLink to={`/apps/${app}/pull-requests`}>All pull requests</ButtonLink>}
    >
      <Loaded query={query} shape={<RowsShape rows={2} height="h-16" />}>
        {({ pullRequests }) => (
          <ul className="panel divide-y divide-edge overflow-hidden">
            {pullRequests.map((pull) => (
              <PullRequestRow key={pull.number} pull={pull} />
            ))}
          </ul>
        )}
      </Loaded>
    </Section>
  )
}

function HowToPush({ app, isNew }: { app: App; isNew: boolean }) {
  const { repository, branch, remote } = app
  if (repository.kind === 'path')
    return (
      <p className="panel px-4 py-3">
        Every commit on the branch <b>{branch}</b> of{' '}
        <code className="font-mono">{repository.path}</code> is delivered.
      </p>
    )
  if (repository.kind === 'url')
    return (
      <p className="panel px-4 py-3">
        Each new commit on the branch <b>{branch}</b> of{' '}
        <code className="font-mono">{repository.url}</code> is delivered. Set up a{' '}
        <Link to={`/apps/${app.name}/settings`} className="underline underline-offset-3">
          webhook
        </Link>{' '}
        to deliver it without the delay of polling.
      </p>
    )
  return (
    <div className="panel flex flex-col gap-3 px-4 py-3">
      <p>
        Each push to the branch <b>{branch}</b> is delivered. Use a token as the password, with any
        user name.
      </p>
      {isNew ? <Command text={`git remote add fairlead ${remote}`} /> : null}
      <Command
        text={isNew ? `git push fairlead HEAD:${branch}` : `git push ${remote} HEAD:${branch}`}
      />
    </div>
  )
}
