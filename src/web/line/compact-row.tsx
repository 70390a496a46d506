import { memo, type ReactNode, useMemo, useRef } from 'react'
import { Link } from 'react-router'
import type { Line } from '#contract/environment/environment.ts'
import { Sha } from '../ui/change.tsx'
import { healthBadges, type Tone } from '../ui/state.ts'
import { Status, StatusIcon } from '../ui/status.tsx'
import { Ago } from '../ui/time.tsx'
import { useGlide } from './flip.ts'
import { TokenPill } from './tokens.tsx'
import { type Token, trackOf } from './track.ts'
import { classes } from '../ui/classes.ts'

/** A line in one row, for many apps on one screen. On a phone, only the icons are shown. */
export const CompactRow = memo(function CompactRow({ line }: { line: Line }) {
  const track = useMemo(() => trackOf(line), [line])
  const root = useRef<HTMLElement>(null)
  useGlide(root)
  const app = line.app.name
  const words = line.environments
    .map((one) => `${one.name} ${healthBadges[one.health].word.toLowerCase()}`)
    .join(', ')
  return (
    <article
      ref={root}
      aria-label={`Line of ${app}: ${words}`}
      className="flex min-h-11 items-center gap-3 px-3 py-1.5 sm:px-4"
    >
      <div className="min-w-0 flex-1 sm:w-60 sm:flex-none">
        <Link to={`/apps/${app}`} data-row className="quiet-link block truncate font-medium">
          {app}
        </Link>
        <div className="text-[0.9em]">
          <Note
            badge={track.summary.tone === 'good' ? null : track.summary}
            to={track.notes[0]?.to}
            title={track.notes[0]?.text}
          />
        </div>
      </div>
      <ol className="flex items-center sm:min-w-0 sm:flex-1">
        <Cell
          tone={track.steps.badge.tone}
          name="Steps"
          tokens={track.tokens[1] ?? []}
          isLast={line.environments.length === 0}
        >
          {track.steps.run ? <Sha sha={track.steps.run.change.sha} /> : null}
        </Cell>
        {line.environments.map((environment, index) => (
          <Cell
            key={environment.name}
            tone={healthBadges[environment.health].tone}
            name={environment.name}
            to={`/apps/${app}/environments/${environment.name}`}
            tokens={track.tokens[index + 2] ?? []}
            isLast={index === line.environments.length - 1}
          >
            {environment.current ? (
              <>
                <Sha sha={environment.current.change.sha} />
                <span className="hidden text-soft xl:inline">
                  {' '}
                  {environment.current.live ? <Ago time={environment.current.live} /> : null}
                </span>
              </>
            ) : null}
          </Cell>
        ))}
      </ol>
    </article>
  )
})

function Note({
  badge,
  to,
  title,
}: {
  badge: ReturnType<typeof trackOf>['summary'] | null
  to: string | undefined
  title: string | undefined
}) {
  if (!badge) return null
  if (!to) return <Status badge={badge} size={13} />
  return (
    <Link to={to} title={title}>
      <Status badge={badge} size={13} />
    </Link>
  )
}

interface CellProps {
  tone: Tone
  name: string
  to?: string
  tokens: Token[]
  isLast: boolean
  children: ReactNode
}

function Cell({ tone, name, to, tokens, isLast, children }: CellProps) {
  const [token] = tokens
  const isMoving = token?.badge.tone === 'move'
  const text = (
    <>
      <span className="text-soft">{name}</span> {children}
    </>
  )
  return (
    <li className={`flex min-w-0 items-center ${isLast ? 'sm:w-44 xl:w-60' : 'sm:flex-1'}`}>
      <span title={name} className="flex">
        <StatusIcon tone={tone} size={16} />
      </span>
      <span className="ml-1.5 hidden truncate sm:inline">
        {to ? (
          <Link to={to} className="quiet-link">
            {text}
          </Link>
        ) : (
          text
        )}
      </span>
      {isLast ? null : (
        <span
          aria-hidden
          className={classes(
            'mx-1 h-0.5 w-3 sm:mx-2 sm:w-auto sm:min-w-3 sm:flex-1',
            isMoving ? 'flow' : 'bg-edge-strong',
          )}
        />
      )}
      {token ? (
        <span className="mr-2 hidden sm:flex">
          <TokenPill token={token} brief />
          {tokens.length > 1 ? <span className="ml-1 text-soft">+{tokens.length - 1}</span> : null}
        </span>
      ) : null}
    </li>
  )
}
