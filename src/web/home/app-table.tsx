import { ExternalLink } from 'lucide-react'
import { memo, useDeferredValue, useMemo } from 'react'
import { Link } from 'react-router'
import type { AppSummary, EnvironmentSummary, Home } from '#contract/home/home.ts'
import { Toggle } from '../ui/button.tsx'
import { Sha } from '../ui/change.tsx'
import { classes } from '../ui/classes.ts'
import { AppSearch, useFilter } from '../ui/filters.tsx'
import { ShowMore, useMore } from '../ui/more.tsx'
import { Nothing, Section } from '../ui/page.tsx'
import { type Badge, healthBadges } from '../ui/state.ts'
import { StatusIcon, toneClass } from '../ui/status.tsx'
import { Ago, Elapsed } from '../ui/time.tsx'
import { appsInNeed, columnsOf, type Group, groupOf, pendingBadge, runBadge } from './overview.ts'
import { Scrollable } from '../ui/scrollable.tsx'

/** Rows that are shown before somebody asks for more. */
const pageSize = 50
/** With at least this many apps, filters are useful. */
const manyApps = 4

/** The apps with their environments in columns. */
export function AppTable({ home }: { home: Home }) {
  const [text] = useFilter('q')
  const [group] = useFilter('show')
  const wanted = useDeferredValue(text.toLowerCase().trim())
  const groups = useMemo(() => {
    const inNeed = appsInNeed(home)
    return new Map(home.apps.map((app) => [app.name, groupOf(app, inNeed)]))
  }, [home])
  const { columns, rest } = useMemo(() => columnsOf(home.apps), [home.apps])
  const found = home.apps.filter(
    ({ name }) => name.includes(wanted) && (group === '' || groups.get(name) === group),
  )
  return (
    <Section
      title="Apps"
      className="mt-0"
      aside={home.apps.length >= manyApps ? <Filters groups={[...groups.values()]} /> : null}
    >
      {found.length === 0 ? <Nothing>No app matches the filter.</Nothing> : null}
      <AppRows apps={found} columns={columns} rest={rest} />
    </Section>
  )
}

function Filters({ groups }: { groups: Group[] }) {
  const [group, setGroup] = useFilter('show')
  const chips: [Group | '', string][] = [
    ['', 'All'],
    ['attention', 'Need attention'],
    ['moving', 'In progress'],
    ['waiting', 'Waiting'],
  ]
  return (
    <div className="flex flex-wrap items-center gap-2">
      <div role="group" aria-label="Filter apps" className="flex flex-wrap gap-1">
        {chips.map(([value, word]) => {
          const count = groups.filter((one) => value === '' || one === value).length
          return count === 0 && value !== group ? null : (
            <Toggle
              key={value}
              on={group === value}
              onChange={() => setGroup(value)}
              label={`${word} ${count}`}
            >
              {word} <span>{count}</span>
            </Toggle>
          )
        })}
      </div>
      <AppSearch />
    </div>
  )
}

interface Rows {
  apps: AppSummary[]
  columns: string[]
  rest: boolean
}

/** Rows of apps, a part of them at first. */
export function AppRows({ apps, columns, rest }: Rows) {
  const { shown, more } = useMore(apps, pageSize)
  return (
    <>
      <Rows apps={shown} columns={columns} rest={rest} />
      {more === null ? null : <ShowMore shown={shown} all={apps} noun="apps" more={more} />}
    </>
  )
}

/** Rows whose environments stand in columns; on a narrow screen, each is a card. */
function Rows({ apps, columns, rest }: Rows) {
  if (apps.length === 0) return null
  const count = columns.length + (rest ? 1 : 0)
  const grid = {
    '--columns': `minmax(8rem,1fr) minmax(10rem,1.6fr) repeat(${count}, minmax(8.5rem,1fr))`,
    '--least': `${20 + 9.5 * count}rem`,
  }
  return (
    <Scrollable
      role="region"
      label="Apps and their environments"
      className="panel @container relative"
      style={grid as React.CSSProperties}
    >
      <div className="@3xl:min-w-(--least)">
        <div
          aria-hidden
          className={classes(
            'label hidden grid-cols-(--columns) gap-x-4 border-b border-edge px-4 py-2 @3xl:grid',
          )}
        >
          <span>App</span>
          <span>Latest run</span>
          {columns.map((name) => (
            <span key={name}>{name}</span>
          ))}
          {rest ? <span>Other environments</span> : null}
        </div>
        <div className="divide-y divide-edge">
          {apps.map((app) => (
            <Row key={app.name} app={app} columns={columns} rest={rest} />
          ))}
        </div>
      </div>
    </Scrollable>
  )
}

const Row = memo(
  function Row({ app, columns, rest }: { app: AppSummary; columns: string[]; rest: boolean }) {
    const others = app.environments.filter(({ name }) => !columns.includes(name))
    return (
      <article
        aria-label={app.name}
        className={classes(
          'grid grid-cols-[repeat(auto-fill,minmax(12.5rem,1fr))] gap-x-4 gap-y-2 px-4 py-2.5',
          'hover:bg-hover/50',
          '@3xl:grid-cols-(--columns) @3xl:items-baseline',
        )}
      >
        <div className="col-span-full min-w-0 @3xl:col-span-1">
          <Link to={`/apps/${app.name}`} data-row className="quiet-link font-medium">
            {app.name}
          </Link>
          {app.openPullRequests > 0 ? (
            <Link to={`/apps/${app.name}/pull-requests`} className="quiet-link block text-soft">
              {app.openPullRequests} open pull request{app.openPullRequests === 1 ? '' : 's'}
            </Link>
          ) : null}
        </div>
        <RunCell app={app} />
        {columns.map((name) => {
          const environment = app.environments.find((one) => one.name === name)
          return environment ? (
            <EnvironmentCell key={name} app={app.name} environment={environment} />
          ) : (
            <span key={name} aria-hidden className="hidden text-soft @3xl:inline">
              –
            </span>
          )
        })}
        {rest ? (
          <div className="flex flex-col gap-2">
            {others.map((one) => (
              <EnvironmentCell key={one.name} app={app.name} environment={one} isNamed />
            ))}
          </div>
        ) : null}
      </article>
    )
  },
  (before, now) =>
    before.columns === now.columns &&
    before.rest === now.rest &&
    JSON.stringify(before.app) === JSON.stringify(now.app),
)

function RunCell({ app }: { app: AppSummary }) {
  const badge = runBadge(app)
  if (app.run === null || badge === null)
    return <span className="col-span-full text-soft @3xl:col-span-1">No runs yet</span>
  const { id, sha, subject, created, started, ended } = app.run
  return (
    <div className="col-span-full min-w-0 @3xl:col-span-1">
      <Link to={`/runs/${id}`} className="quiet-link block truncate" title={subject}>
        {subject}
      </Link>
      <span className="flex flex-wrap items-center gap-x-1.5">
        <Word badge={badge} />
        <span className="text-soft">
          <Sha sha={sha} />{' '}
          {badge.tone === 'move' ? (
            <Elapsed from={started ?? created} to={ended} />
          ) : (
            <Ago time={ended ?? created} />
          )}
        </span>
      </span>
    </div>
  )
}

const Word = ({ badge }: { badge: Badge }) => (
  <span className={`inline-flex items-center gap-1 whitespace-nowrap ${toneClass(badge.tone)}`}>
    <StatusIcon tone={badge.tone} size={14} />
    {badge.word}
  </span>
)

function EnvironmentCell({
  app,
  environment,
  isNamed = false,
}: {
  app: string
  environment: EnvironmentSummary
  isNamed?: boolean
}) {
  const { name, health, sha, live, url, pending } = environment
  return (
    <div className="min-w-0">
      <span className="flex flex-wrap items-center gap-x-1.5">
        <Link
          to={`/apps/${app}/environments/${name}`}
          className="quiet-link inline-flex items-center gap-1.5"
        >
          <span className={isNamed ? '' : '@3xl:sr-only'}>{name}</span>
          <Word badge={healthBadges[health]} />
        </Link>
        {url !== null && live !== null ? (
          <a
            href={url}
            target="_blank"
            rel="noreferrer"
            aria-label={`Visit ${app} in ${name}`}
            title={url}
            className="rounded p-1.5 text-soft hover:bg-hover hover:text-ink"
          >
            <ExternalLink size={14} aria-hidden />
          </a>
        ) : null}
      </span>
      {sha === null ? null : (
        <span className="block text-soft">
          <Sha sha={sha} /> {live === null ? null : <Ago time={live} />}
        </span>
      )}
      {pending === null ? null : (
        <Link
          to={pending.run === null ? `/apps/${app}/environments/${name}` : `/runs/${pending.run}`}
          className="quiet-link flex flex-wrap items-center gap-x-1.5"
        >
          <Word badge={pendingBadge(pending)} />
          <span className="text-soft">
            <Sha sha={pending.sha} /> <Elapsed from={pending.since} />
          </span>
        </Link>
      )}
    </div>
  )
}
