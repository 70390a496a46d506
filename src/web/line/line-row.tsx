import { memo, useMemo, useRef } from 'react'
import { Link } from 'react-router'
import type { Line } from '#contract/environment/environment.ts'
import type { RunDetail } from '#contract/run/run.ts'
import { Status, StatusIcon } from '../ui/status.tsx'
import { Ago } from '../ui/time.tsx'
import { CheckInStation, EnvironmentStation, StepsStationView } from './stations.tsx'
import { useGlide } from './flip.ts'
import { type Note, trackOf } from './track.ts'

interface Props {
  line: Line
  detail: RunDetail | undefined
  /** without the name, on the page of the app itself */
  bare?: boolean
}

/** The line of an app: what each environment runs, and the changes in progress. */
export const LineRow = memo(function LineRow({ line, detail, bare = false }: Props) {
  const track = useMemo(() => trackOf(line), [line])
  const root = useRef<HTMLElement>(null)
  useGlide(root)
  return (
    <article
      ref={root}
      aria-label={`Line of ${line.app.name}`}
      className="panel @container px-4 pt-3 pb-4 sm:px-5"
    >
      <div className="mb-3 flex flex-wrap items-center gap-x-3">
        {bare ? null : (
          <h2 className="text-lg font-semibold">
            <Link to={`/apps/${line.app.name}`} data-row className="quiet-link">
              {line.app.name}
            </Link>
          </h2>
        )}
        <span className="text-soft">{line.app.branch}</span>
        <span className="ml-auto">
          <Status badge={track.summary} />
        </span>
      </div>
      <ol className="flex flex-col md:flex-row">
        <CheckInStation line={line} tokens={track.tokens[0] ?? []} />
        <StepsStationView
          station={track.steps}
          detail={detail}
          tokens={track.tokens[1] ?? []}
          isLast={line.environments.length === 0}
        />
        {line.environments.map((environment, index) => (
          <EnvironmentStation
            key={environment.name}
            environment={environment}
            tokens={track.tokens[index + 2] ?? []}
            isLast={index === line.environments.length - 1}
          />
        ))}
      </ol>
      <Notes notes={track.notes} />
    </article>
  )
})

function Notes({ notes }: { notes: Note[] }) {
  if (notes.length === 0) return null
  return (
    <ul className="mt-3 flex flex-col gap-1 border-t border-edge pt-2.5">
      {notes.map((note) => (
        <li key={note.key} className="flex items-baseline gap-2">
          <span className="translate-y-0.5">
            <StatusIcon tone={note.tone} />
          </span>
          <Link to={note.to} className="quiet-link min-w-0">
            {note.text}
          </Link>
          {note.time ? (
            <span className="ml-auto shrink-0 text-soft">
              <Ago time={note.time} />
            </span>
          ) : null}
        </li>
      ))}
    </ul>
  )
}
