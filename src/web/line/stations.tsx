import type { ReactNode } from 'react'
import { Link } from 'react-router'
import type { Change } from '#contract/app/app.ts'
import type { Environment, Line } from '#contract/environment/environment.ts'
import type { RunDetail } from '#contract/run/run.ts'
import { ChangeLine } from '../ui/change.tsx'
import { healthBadges, type Badge, type Tone } from '../ui/state.ts'
import { StatusIcon, toneClass } from '../ui/status.tsx'
import { Ago, Elapsed } from '../ui/time.tsx'
import { stepsProgress, type StepsStation, type Token } from './track.ts'
import { Tokens } from './tokens.tsx'
import { classes } from '../ui/classes.ts'

interface Frame {
  name: ReactNode
  badge: Badge | null
  tone: Tone
  children: ReactNode
  /** changes between this station and the next */
  tokens: Token[]
  isLast: boolean
}

/** A station of a line. Stations run from left to right, and on a phone from top to bottom. */
function Station({ name, badge, tone, children, tokens, isLast }: Frame) {
  return (
    <li
      className={classes(
        'grid min-w-0 grid-cols-[1.25rem_minmax(0,1fr)] content-start gap-x-2.5',
        'md:grid-rows-[1.5rem_auto] md:gap-x-1.5',
        isLast ? 'md:flex-[0.9]' : 'md:flex-1',
      )}
    >
      <span
        className={classes(
          'z-10 col-start-1 row-start-1 flex h-6 items-center justify-center',
          'justify-self-center',
        )}
      >
        <span className="bg-panel py-0.5">
          <StatusIcon tone={tone} size={18} />
        </span>
      </span>
      {isLast ? null : <Rail isMoving={tokens.some((token) => token.badge.tone === 'move')} />}
      <div
        className={classes(
          'col-start-2 row-start-1 min-w-0 pb-1 md:col-span-2 md:col-start-1',
          'md:row-start-2 md:pt-1 md:pr-4 md:pb-0',
        )}
      >
        <div className="flex items-baseline gap-2">
          <span className="truncate font-medium">{name}</span>
          {badge ? (
            <span className={`text-small whitespace-nowrap ${toneClass(badge.tone)}`}>
              {badge.word}
            </span>
          ) : null}
        </div>
        {children}
      </div>
      <div
        className={classes(
          'col-start-2 row-start-2 min-w-0 md:row-start-1',
          isLast ? 'hidden' : 'pb-2.5 md:pr-1.5 md:pb-0',
        )}
      >
        <Tokens tokens={tokens} />
      </div>
    </li>
  )
}

function Rail({ isMoving }: { isMoving: boolean }) {
  const style = isMoving ? 'flow flow-turns' : 'bg-edge-strong'
  return (
    <span
      aria-hidden
      className={classes(
        'col-start-1 [grid-row:1/span_2] mt-3 -mb-3 w-0.5 justify-self-center',
        'md:col-start-2 md:[grid-row:1] md:m-0 md:h-0.5',
        'md:w-[calc(100%-0.375rem)] md:self-center md:justify-self-start',
        style,
      )}
    />
  )
}

function ChangeSummary({ change, by }: { change: Change; by: ReactNode }) {
  return (
    <>
      <ChangeLine change={change} />
      <div className="truncate text-soft">
        {change.author.name} · {by}
      </div>
    </>
  )
}

export function CheckInStation({ line, tokens }: { line: Line; tokens: Token[] }) {
  const { latest } = line
  return (
    <Station
      name="Commit"
      badge={null}
      tone={latest ? 'good' : 'none'}
      tokens={tokens}
      isLast={false}
    >
      {latest ? (
        <ChangeSummary change={latest} by={<Ago time={latest.received} />} />
      ) : (
        <div className="text-soft">No commits yet</div>
      )}
    </Station>
  )
}

export function StepsStationView({
  station,
  detail,
  tokens,
  isLast,
}: {
  station: StepsStation
  detail: RunDetail | undefined
  tokens: Token[]
  isLast: boolean
}) {
  const { run, badge } = station
  const name = run ? (
    <Link to={`/runs/${run.id}`} className="quiet-link">
      Steps
    </Link>
  ) : (
    'Steps'
  )
  const progress = badge.tone === 'move' ? stepsProgress(detail) : null
  return (
    <Station name={name} badge={badge} tone={badge.tone} tokens={tokens} isLast={isLast}>
      {run ? (
        <>
          <ChangeLine change={run.change} />
          <div className="truncate text-soft">
            {progress
              ? `${progress.now || 'next step'}, ${progress.done} of ${progress.all} · `
              : ''}
            <Elapsed from={station.since} to={station.until} />
            {station.more > 0 ? ` · and ${station.more} more` : ''}
          </div>
          {progress ? <Bar done={progress.done} all={progress.all} /> : null}
        </>
      ) : null}
    </Station>
  )
}

function Bar({ done, all }: { done: number; all: number }) {
  return (
    <div className="mt-1.5 flex max-w-40 gap-0.5" aria-hidden>
      {Array.from({ length: all }, (_, step) => (
        <span
          key={step}
          className={classes(
            'h-1 flex-1 rounded-full',
            step < done ? 'bg-move' : step === done ? 'breathe bg-move/60' : 'bg-edge-strong',
          )}
        />
      ))}
    </div>
  )
}

export function EnvironmentStation({
  environment,
  tokens,
  isLast,
}: {
  environment: Environment
  tokens: Token[]
  isLast: boolean
}) {
  const badge = healthBadges[environment.health]
  const { current } = environment
  const name = (
    <Link to={`/apps/${environment.app}/environments/${environment.name}`} className="quiet-link">
      {environment.name}
    </Link>
  )
  return (
    <Station name={name} badge={badge} tone={badge.tone} tokens={tokens} isLast={isLast}>
      {current ? (
        <ChangeSummary
          change={current.change}
          by={current.live ? <Ago time={current.live} /> : 'not live yet'}
        />
      ) : (
        <div className="text-soft">Nothing is deployed yet</div>
      )}
    </Station>
  )
}
