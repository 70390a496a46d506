import { useMemo } from 'react'
import type { Home } from '#contract/home/home.ts'
import { useHome } from '../live/queries.ts'
import { HealthLine } from '../monitor/health-line.tsx'
import { RunRow } from '../run/run-row.tsx'
import { ButtonLink } from '../ui/button.tsx'
import { Section, useTitle } from '../ui/page.tsx'
import { Loaded } from '../ui/problem.tsx'
import { StatusIcon } from '../ui/status.tsx'
import { AppTable } from './app-table.tsx'
import { CrashLoops, NeedsYou, OpenIncidents } from './attention-list.tsx'
import { EmptyHome } from './empty-home.tsx'
import { Figures } from './figures.tsx'
import { headline } from './overview.ts'

/** What is wrong, what needs a person, what runs where, and what happened last. */
export function HomePage() {
  const query = useHome()
  return (
    <Loaded isPage query={query} shape={<HomeShape />}>
      {(home) => (home.apps.length === 0 ? <EmptyHome /> : <HomeView home={home} />)}
    </Loaded>
  )
}

function HomeView({ home }: { home: Home }) {
  const head = useMemo(() => headline(home), [home])
  useTitle(head.text, { bad: '✕', warn: '!', move: '●' }[head.tone as string] ?? '')
  return (
    <>
      <h1 className="mb-4 flex items-center gap-2.5 text-xl font-semibold tracking-tight">
        <StatusIcon tone={head.tone} size={24} />
        {head.text}
      </h1>
      <OpenIncidents incidents={home.incidents} />
      <CrashLoops loops={home.crashLoops} />
      <HealthLine />
      <NeedsYou items={home.attention} />
      <AppTable home={home} />
      <Figures />
      <Activity home={home} />
    </>
  )
}

function Activity({ home: { runs, apps } }: { home: Home }) {
  if (runs.length === 0) return null
  const stations = new Map(
    apps.map(({ name, environments }) => [name, environments.map((one) => one.name)]),
  )
  return (
    <Section
      title="Activity"
      aside={
        <span className="flex gap-2">
          <ButtonLink to="/runs">All runs</ButtonLink>
          <ButtonLink to="/events">Events</ButtonLink>
        </span>
      }
    >
      <ul className="panel divide-y divide-edge overflow-hidden">
        {runs.map((run) => (
          <RunRow
            key={run.id}
            run={run}
            deployments={run.deployments}
            stations={stations.get(run.app) ?? []}
          />
        ))}
      </ul>
    </Section>
  )
}

function HomeShape() {
  return (
    <>
      <div className="skeleton mb-5 h-7 w-56" />
      <div className="panel divide-y divide-edge overflow-hidden">
        {[0, 1, 2, 3].map((row) => (
          <div key={row} className="flex h-14 items-center gap-6 px-4">
            <div className="skeleton h-4 w-32" />
            <div className="skeleton h-3 flex-1" />
            <div className="skeleton h-3 flex-1" />
          </div>
        ))}
      </div>
    </>
  )
}
