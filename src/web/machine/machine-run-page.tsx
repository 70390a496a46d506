import { useCallback } from 'react'
import { Link, useParams } from 'react-router'
import type { MachineRun } from '#contract/machine/machine.ts'
import { useClient } from '../live/dependencies.tsx'
import type { ReadOutput } from '../log/output.ts'
import { RunOutput } from '../log/run-output.tsx'
import { Sha } from '../ui/change.tsx'
import { RowsShape, Section, useTitle } from '../ui/page.tsx'
import { Loaded } from '../ui/problem.tsx'
import { Status } from '../ui/status.tsx'
import { Ago, Elapsed } from '../ui/time.tsx'
import { StopMachineRun } from './actions.tsx'
import { MachineChanges } from './changes.tsx'
import { useMachineRun } from './queries.ts'
import { machineRunBadges, sentenceOf, titleOfRun } from './words.ts'

/** A run of a playbook: each machine, each change, and the output, as they come. */
export function MachineRunPage() {
  const { app = '', machineRun = '' } = useParams()
  const query = useMachineRun(app, Number(machineRun))
  useTitle(`${app}: machines, run ${machineRun}`)
  return (
    <Loaded query={query} shape={<RowsShape rows={4} />}>
      {(run) => (
        <>
          <Head run={run} />
          <Section title="Machines and changes">
            <div className="panel">
              <MachineChanges run={run} />
            </div>
          </Section>
          <Section title="Output">
            <MachineOutput key={run.id} app={app} machineRun={run.id} />
          </Section>
        </>
      )}
    </Loaded>
  )
}

function MachineOutput({ app, machineRun }: { app: string; machineRun: number }) {
  const client = useClient()
  const read: ReadOutput = useCallback(
    async (query, signal) => {
      const page = await client.getMachineOutput({ params: { app, machineRun }, query, signal })
      const isRunning = page.machineRun.ended === null
      return { ...page, isRunning, hasEnded: !isRunning }
    },
    [client, app, machineRun],
  )
  return <RunOutput read={read} command={`fairlead machines logs ${app} ${machineRun}`} />
}

function Head({ run }: { run: MachineRun }) {
  const { app, environment, mode, playbook, sha, release, actor, started, ended } = run
  return (
    <div className="panel space-y-1 px-4 py-3">
      <div className="flex flex-wrap items-center justify-between gap-x-4 gap-y-2">
        <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
          <Status badge={machineRunBadges[run.state]} />
          <h2 className="font-medium">
            {titleOfRun[mode]} of {playbook}
          </h2>
          <span className="text-soft">
            in{' '}
            <Link to={`/apps/${app}/environments/${environment}`} className="quiet-link">
              {environment}
            </Link>
          </span>
        </div>
        <StopMachineRun run={run} />
      </div>
      <p className="break-words">{sentenceOf(run)}</p>
      <p className="text-soft">
        Release {release} (<Sha sha={sha} />
        ), requested by {actor} <Ago time={started} />, took <Elapsed from={started} to={ended} />.
      </p>
    </div>
  )
}
