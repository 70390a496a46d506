import { TriangleAlert } from 'lucide-react'
import { useState } from 'react'
import { Link, useNavigate, useParams } from 'react-router'
import type { App } from '#contract/app/app.ts'
import type { Line } from '#contract/environment/environment.ts'
import { LineRow } from '../line/line-row.tsx'
import { useLine, useMay, usePullRequests, useRunDetails } from '../live/queries.ts'
import { useClient } from '../live/dependencies.tsx'
import { PullRequestRow } from '../pull-request/pull-request-row.tsx'
import { RunRow } from '../run/run-row.tsx'
import { Button, ButtonLink } from '../ui/button.tsx'
import { Command } from '../ui/copy.tsx'
import { Confirm, type Question } from '../ui/dialog.tsx'
import { Nothing, PageHead, RowsShape, Section, useTitle } from '../ui/page.tsx'
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
      <PageHead
        crumbs={[{ to: '/', text: 'Lines' }]}
        title={app.name}
        actions={<Actions app={app} />}
      />
      {app.problem ? (
        <p role="alert" className="mb-4 flex items-start gap-2 rounded-lg bg-warn/12 px-4 py-3">
          <TriangleAlert size={18} className="mt-0.5 shrink-0 text-warn" aria-hidden />
          {app.problem}
        </p>
      ) : null}
      <LineRow line={line} detail={details.get(inSteps[0] ?? 0)} bare />
      {line.pullRequests.open + line.pullRequests.previews > 0 ? (
        <PullRequests app={app.name} />
      ) : null}
      <Section title="How a change gets here">
        <HowToPush app={app} isNew={line.latest === null} />
      </Section>
      <Section
        title="Latest runs"
        aside={
          <span className="flex gap-2">
            <ButtonLink to={`/apps/${app.name}/trends`}>Trends</ButtonLink>
            <ButtonLink to={`/runs?app=${app.name}`}>All runs</ButtonLink>
          </span>
        }
      >
        {line.runs.length === 0 ? (
          <Nothing>No change has come yet.</Nothing>
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

/** Those that are open; the line knows only how many. */
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
        <code className="font-mono">{repository.path}</code> is delivered. A push to Fairlead’s own
        remote works as well: <code className="font-mono">{remote}</code>
      </p>
    )
  if (repository.kind === 'url')
    return (
      <p className="panel px-4 py-3">
        The branch <b>{branch}</b> of <code className="font-mono">{repository.url}</code> is
        watched; each new commit is delivered, at once where the forge tells of it by its{' '}
        <Link to={`/apps/${app.name}/webhook`} className="quiet-link">
          webhook
        </Link>
        .
      </p>
    )
  return (
    <div className="panel flex flex-col gap-3 px-4 py-3">
      <p>
        Each push to the branch <b>{branch}</b> is delivered. The password is a token; its user name
        can be anything.
      </p>
      {isNew ? <Command text={`git remote add fairlead ${remote}`} /> : null}
      <Command
        text={isNew ? `git push fairlead HEAD:${branch}` : `git push ${remote} HEAD:${branch}`}
      />
    </div>
  )
}

function Actions({ app }: { app: App }) {
  const client = useClient()
  const navigate = useNavigate()
  const mayDeliver = useMay('developer', app.name)
  const mayRemove = useMay('admin', app.name)
  const [question, ask] = useState<Question | null>(null)
  const params = { app: app.name }
  const deliver: Question = {
    title: `Deliver the newest commit of ${app.branch}?`,
    text: 'If it is on its way or live already, you get to its run; else a new run begins.',
    verb: 'Deliver',
    act: async () => navigate(`/runs/${(await client.createRun({ params, body: {} })).id}`),
  }
  const remove: Question = {
    title: `Remove ${app.name}?`,
    text: 'Everything of it that runs is stopped, in every environment, and the app is forgotten. Its events stay. The repository is not touched, unless it is Fairlead’s own remote.',
    verb: 'Stop and remove',
    danger: true,
    act: async () => {
      await client.deleteApp({ params })
      await navigate('/')
    },
  }
  return (
    <>
      {mayDeliver ? <Button onClick={() => ask(deliver)}>Deliver the newest</Button> : null}
      {mayRemove ? <Button onClick={() => ask(remove)}>Remove …</Button> : null}
      <Confirm question={question} close={() => ask(null)} />
    </>
  )
}
