import { Link } from 'react-router'
import type { Machine, MachineRun } from '#contract/machine/machine.ts'
import { RowsShape, Section } from '../ui/page.tsx'
import { Loaded } from '../ui/problem.tsx'
import { Sha } from '../ui/change.tsx'
import { Status } from '../ui/status.tsx'
import { asSentence } from '../ui/state.ts'
import { Ago } from '../ui/time.tsx'
import { ApplyMachines } from './actions.tsx'
import { type Place, useMachines } from './queries.ts'
import { badgeOfMachine, machineRunBadges, sentenceOf, titleOfRun } from './words.ts'

/** The machines of an environment, and the last runs of its playbook. */
export function MachinesSection({ app, environment }: Place) {
  const place = { app, environment }
  const query = useMachines(place)
  return (
    <Section title="Machines" aside={<ApplyMachines place={place} />}>
      <Loaded query={query} shape={<RowsShape rows={2} height="h-14" />}>
        {({ machines, machineRuns }) => (
          <div className="panel divide-y divide-edge">
            {machines.length === 0 ? (
              <p className="px-4 py-3 text-soft">Nothing was applied to a machine yet.</p>
            ) : null}
            {machines.map((one) => (
              <MachineRow key={one.name} one={one} />
            ))}
            {machineRuns.map((run) => (
              <RunRow key={run.id} run={run} />
            ))}
          </div>
        )}
      </Loaded>
    </Section>
  )
}

function MachineRow({ one }: { one: Machine }) {
  return (
    <div className="flex flex-wrap items-baseline gap-x-4 gap-y-1 px-4 py-3">
      <span className="font-medium">{one.name}</span>
      <Status badge={badgeOfMachine(one)} />
      <span className="text-soft">
        <Sha sha={one.sha} />, applied <Ago time={one.applied} />
      </span>
      {one.reason === null ? null : (
        <span className="min-w-0 break-words">{asSentence(one.reason)}</span>
      )}
    </div>
  )
}

function RunRow({ run }: { run: MachineRun }) {
  const { app, id, mode, started } = run
  return (
    <div className="flex flex-wrap items-baseline gap-x-4 gap-y-1 px-4 py-3">
      <Link to={`/apps/${app}/machine-runs/${id}`} className="quiet-link font-medium">
        {titleOfRun[mode]} {id}
      </Link>
      <Status badge={machineRunBadges[run.state]} />
      <span className="text-soft">
        <Ago time={started} />
      </span>
      <span className="min-w-0 break-words">{sentenceOf(run)}</span>
    </div>
  )
}
