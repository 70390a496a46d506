import { useQueryClient } from '@tanstack/react-query'
import { Link, useParams } from 'react-router'
import type { ErrorDetail } from '#contract/error/error.ts'
import { useClient } from '../live/dependencies.tsx'
import { useMay } from '../live/access-queries.ts'
import { Button } from '../ui/button.tsx'
import { formatCount } from '../ui/number.ts'
import { Nothing, PageHead, RowsShape, Section, useTitle } from '../ui/page.tsx'
import { Loaded } from '../ui/problem.tsx'
import { shortSha } from '../ui/state.ts'
import { Status } from '../ui/status.tsx'
import { Ago } from '../ui/time.tsx'
import { badgeOf } from './badges.ts'
import { plural } from '../change/words.ts'
import { Frames } from './frames.tsx'
import { useError } from './queries.ts'
import { Sparkline } from '../chart/sparkline.tsx'

/** One error: where it is in the code, in which releases, and who may have caused it. */
export function ErrorPage() {
  const id = Number(useParams()['error'])
  const query = useError(id)
  useTitle(`Error ${id}`)
  return (
    <Loaded isPage query={query} shape={<RowsShape rows={5} height="h-14" />}>
      {(error) => <ErrorView error={error} />}
    </Loaded>
  )
}

function ErrorView({ error }: { error: ErrorDetail }) {
  const { app, type, message, count, people, firstSeen, lastSeen, days, resolvedBy } = error
  return (
    <>
      <PageHead
        crumbs={[
          { to: '/errors', text: 'Errors' },
          { to: `/apps/${app}/errors`, text: app },
        ]}
        title={type}
        actions={<Actions error={error} />}
      >
        <p className="mt-1 break-words whitespace-pre-wrap">{message}</p>
        <div className="mt-1 flex flex-wrap items-center gap-x-4 gap-y-1">
          <Status badge={badgeOf(error)} />
          <span className="text-soft">
            {resolvedBy === null ? '' : `resolved by ${resolvedBy}, `}
            {plural(count, 'time')}
            {people === null ? '' : `, ${plural(people, 'person', 'people')}`}, first{' '}
            <Ago time={firstSeen} />, last <Ago time={lastSeen} />
          </span>
        </div>
      </PageHead>
      <div className="panel px-4 py-3">
        <Sparkline
          counts={days}
          label={`Events of the last 30 days: ${days.join(', ')}`}
          className="h-16 w-full"
        />
        <p className="label mt-1">Events of the last 30 days</p>
      </div>
      <Section title="Trace">
        <Frames frames={error.frames} />
      </Section>
      <Causes error={error} />
      <Section title="Who may have caused it">
        {error.suspects.length === 0 ? (
          <Nothing>No change explains it.</Nothing>
        ) : (
          <ul className="panel divide-y divide-edge overflow-hidden">
            {error.suspects.map(({ name, reason }) => (
              <li key={name} className="px-4 py-2.5">
                <span className="font-medium">{name}</span>{' '}
                <span className="text-soft">because {reason}</span>
              </li>
            ))}
          </ul>
        )}
      </Section>
      <Releases error={error} />
      <Breadcrumbs error={error} />
    </>
  )
}

function Causes({ error: { event } }: { error: ErrorDetail }) {
  const causes = event?.details.exceptions.slice(1) ?? []
  if (causes.length === 0) return null
  return (
    <Section title="Caused by">
      <ul className="panel divide-y divide-edge overflow-hidden">
        {causes.map(({ type, message, frames }, i) => (
          <li key={i} className="px-4 py-2.5">
            <span className="font-medium">{type}</span> <span>{message}</span>
            <div className="truncate text-soft">{frames[0]?.function ?? frames[0]?.file}</div>
          </li>
        ))}
      </ul>
    </Section>
  )
}

function Releases({ error: { app, releases } }: { error: ErrorDetail }) {
  return (
    <Section title="Releases">
      <ul className="panel divide-y divide-edge overflow-hidden">
        {releases.map(({ release, environment, sha, subject, count }) => (
          <li
            key={`${environment}/${release}`}
            className="grid grid-cols-[minmax(0,1fr)_auto] gap-x-4 px-4 py-2.5"
          >
            <span className="truncate">
              <Link to={`/apps/${app}/environments/${environment}`} className="quiet-link">
                {environment}
              </Link>{' '}
              {sha === null ? `release ${release}` : `${shortSha(sha)} ${subject ?? ''}`}
            </span>
            <span className="text-soft">{formatCount(count)}×</span>
          </li>
        ))}
      </ul>
    </Section>
  )
}

function Breadcrumbs({ error: { event } }: { error: ErrorDetail }) {
  const { breadcrumbs = [], request = null, tags = {} } = event?.details ?? {}
  const facts = [...(request === null ? [] : [['request', request]]), ...Object.entries(tags)]
  if (breadcrumbs.length + facts.length === 0) return null
  return (
    <Section title="What happened before">
      <ol className="panel divide-y divide-edge overflow-hidden">
        {facts.map(([name, value]) => (
          <li key={name} className="px-4 py-2 break-words">
            <span className="text-soft">{name}</span> {value}
          </li>
        ))}
        {breadcrumbs.map(({ time, category, message }, i) => (
          <li key={i} className="px-4 py-2 break-words">
            <span className="text-soft">
              {time?.slice(11, 19) ?? ''} {category}
            </span>{' '}
            {message}
          </li>
        ))}
      </ol>
    </Section>
  )
}

function Actions({ error: { id, app, state } }: { error: ErrorDetail }) {
  const client = useClient()
  const queries = useQueryClient()
  const mayAct = useMay('developer', app)
  if (!mayAct) return null
  const params = { error: id }
  const after = (done: Promise<unknown>): void =>
    void done.then(() => queries.invalidateQueries({ queryKey: ['errors'] }))
  if (state !== 'open')
    return <Button onClick={() => after(client.reopenError({ params }))}>Open again</Button>
  return (
    <>
      <Button
        kind="primary"
        onClick={() => after(client.resolveError({ params, body: { nextRelease: true } }))}
      >
        Resolved in the next release
      </Button>
      <Button onClick={() => after(client.resolveError({ params, body: {} }))}>Resolve</Button>
      <Button onClick={() => after(client.ignoreError({ params }))}>Ignore</Button>
    </>
  )
}
