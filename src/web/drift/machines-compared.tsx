import { Link } from 'react-router'
import type { DriftMachine, DriftMachines } from '#contract/drift/drift.ts'
import { counted } from '#contract/text.ts'
import { asSentence } from '../ui/state.ts'
import { Status } from '../ui/status.tsx'
import { Ago } from '../ui/time.tsx'

interface MachinesComparedProps {
  app: string
  machines: DriftMachines
}

/** What the last check of the machines shows: how many differ, and which are not known. */
export function MachinesCompared({ app, machines: last }: MachinesComparedProps) {
  const { run, isRunning, checked, problem, machines } = last
  const differing = machines.filter(({ state }) => state === 'different').length
  const skipped = [...new Set(machines.flatMap((one) => one.skipped))]
  return (
    <div className="px-4 py-3">
      <p className="break-words">
        {checked === null
          ? 'The machines are being compared for the first time.'
          : problem !== null
            ? asSentence(`the machines could not be compared: ${problem}`)
            : `${counted(differing, 'machine')} of ${machines.length} ${
                differing === 1 ? 'differs' : 'differ'
              } from the playbook`}
        <span className="text-soft">
          {' '}
          (<Link to={`/apps/${app}/machine-runs/${run}`}>check {run}</Link>
          {isRunning ? ' runs' : ''}
          {checked === null ? null : (
            <>
              , <Ago time={checked} />
            </>
          )}
          )
        </span>
      </p>
      <ul>
        {machines.map((one) => (
          <Note key={one.name} one={one} />
        ))}
      </ul>
      {skipped.length === 0 ? null : (
        <p className="mt-1 break-words text-soft">
          Not compared, because check mode skips them: {skipped.join(', ')}.
        </p>
      )}
    </div>
  )
}

function Note({ one: { name, state, reason, repeating } }: { one: DriftMachine }) {
  if (state !== 'unknown' && repeating.length === 0) return null
  return (
    <li className="mt-1 flex flex-wrap items-baseline gap-x-3 gap-y-1">
      <span className="font-medium">{name}</span>
      {state === 'unknown' ? <Status badge={{ tone: 'unknown', word: 'Unknown' }} /> : null}
      <span className="min-w-0 break-words">
        {reason === null ? null : `${asSentence(reason)} `}
        {repeating.length === 0 ? null : (
          <span className="text-soft">
            Not compared, because they change at every run: {repeating.join(', ')}.
          </span>
        )}
      </span>
    </li>
  )
}
