import { Rows3, StretchHorizontal } from 'lucide-react'
import { useMemo } from 'react'
import type { Line } from '#contract/environment/environment.ts'
import { useLines, useRunDetails } from '../live/queries.ts'
import { RunRow } from '../run/run-row.tsx'
import { Toggle } from '../ui/button.tsx'
import { useFilter } from '../ui/filters.tsx'
import { Section, useTitle } from '../ui/page.tsx'
import { Loaded } from '../ui/problem.tsx'
import { StatusIcon } from '../ui/status.tsx'
import { CompactRow } from '../line/compact-row.tsx'
import { EmptyHome } from './empty-home.tsx'
import { LineRow } from '../line/line-row.tsx'
import { type Group, headline, type Placed, placeLines } from '../line/overview.ts'

export function HomePage() {
  const lines = useLines()
  return (
    <Loaded isPage query={lines} shape={<HomeShape />}>
      {(data) => (data.length === 0 ? <EmptyHome /> : <Home lines={data} />)}
    </Loaded>
  )
}

/** With more apps than this, the compact view is the default. */
const manyApps = 8

function Home({ lines }: { lines: Line[] }) {
  const placed = useMemo(() => placeLines(lines), [lines])
  const [group] = useFilter('show')
  const [text] = useFilter('q')
  const [view] = useFilter('view')
  const isCompact = view === '' ? lines.length > manyApps : view === 'compact'
  const head = headline(placed)
  useTitle(head.text, { good: '', bad: '✕', warn: '!', move: '●' }[head.tone as string] ?? '')
  const shown = placed.filter(
    (one) =>
      (group === '' || one.group === group) &&
      one.line.app.name.includes(text.toLowerCase().trim()),
  )
  const inSteps = lines.flatMap((line) =>
    line.runs
      .filter((run) => run.state === 'running' && run.deployments.length === 0)
      .map((run) => run.id),
  )
  const details = useRunDetails(inSteps.slice(0, 20))
  const detailOf = (line: Line) => line.runs.map((run) => details.get(run.id)).find(Boolean)
  return (
    <>
      <header className="mb-4 flex flex-wrap items-center justify-between gap-x-6 gap-y-3">
        <h1 className="flex items-center gap-2.5 text-xl font-semibold tracking-tight">
          <StatusIcon tone={head.tone} size={24} />
          {head.text}
        </h1>
        {lines.length > 3 ? <Controls placed={placed} isCompact={isCompact} /> : null}
      </header>
      {isCompact ? (
        <div className="panel divide-y divide-edge overflow-hidden">
          {shown.map(({ line }) => (
            <CompactRow key={line.app.name} line={line} />
          ))}
        </div>
      ) : (
        <div className="flex flex-col gap-3">
          {shown.map(({ line }) => (
            <LineRow key={line.app.name} line={line} detail={detailOf(line)} />
          ))}
        </div>
      )}
      {shown.length === 0 ? (
        <p className="py-10 text-center text-soft">No app matches the filter.</p>
      ) : null}
      <LatestRuns lines={shown.map(({ line }) => line)} />
    </>
  )
}

function Controls({ placed, isCompact }: { placed: Placed[]; isCompact: boolean }) {
  const [group, setGroup] = useFilter('show')
  const [text, setText] = useFilter('q')
  const [, setView] = useFilter('view')
  const count = (one: Group): number => placed.filter((each) => each.group === one).length
  const chips: [string, string, number][] = [
    ['', 'All', placed.length],
    ['attention', 'Need attention', count('attention')],
    ['moving', 'In progress', count('moving')],
  ]
  return (
    <div className="flex flex-wrap items-center gap-2">
      <div role="group" aria-label="Filter apps" className="flex gap-1">
        {chips.map(([value, word, number]) => (
          <Toggle
            key={value}
            on={group === value}
            onChange={() => setGroup(value)}
            label={`${word}: ${number}`}
          >
            {word} <span>{number}</span>
          </Toggle>
        ))}
      </div>
      <input
        data-search
        type="search"
        aria-label="Find an app"
        placeholder="Find an app"
        value={text}
        onChange={(event) => setText(event.target.value)}
        className="field h-9 w-40"
      />
      <Toggle
        on={isCompact}
        onChange={(on) => setView(on ? 'compact' : 'full')}
        label="Compact view: one row for each app"
      >
        {isCompact ? <Rows3 size={16} aria-hidden /> : <StretchHorizontal size={16} aria-hidden />}
      </Toggle>
    </div>
  )
}

const latest = 12

function LatestRuns({ lines }: { lines: Line[] }) {
  const runs = lines.flatMap((line) =>
    line.runs.map((run) => ({ run, stations: line.environments.map((one) => one.name) })),
  )
  const newest = runs.sort((a, b) => b.run.id - a.run.id).slice(0, latest)
  if (newest.length === 0) return null
  return (
    <Section title="Latest runs">
      <ul className="panel divide-y divide-edge overflow-hidden">
        {newest.map(({ run, stations }) => (
          <RunRow key={run.id} run={run} deployments={run.deployments} stations={stations} />
        ))}
      </ul>
    </Section>
  )
}

function HomeShape() {
  return (
    <>
      <div className="skeleton mb-5 h-7 w-56" />
      {[0, 1].map((row) => (
        <div key={row} className="panel mb-3 px-5 py-4">
          <div className="skeleton mb-5 h-5 w-32" />
          <div className="flex gap-6">
            {[0, 1, 2, 3, 4].map((station) => (
              <div key={station} className={`flex-1 ${station > 1 ? 'hidden md:block' : ''}`}>
                <div className="skeleton mb-3 h-4 w-full" />
                <div className="skeleton mb-2 h-3 w-16" />
                <div className="skeleton h-3 w-3/4" />
              </div>
            ))}
          </div>
        </div>
      ))}
    </>
  )
}
