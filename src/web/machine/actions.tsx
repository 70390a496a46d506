import { useState } from 'react'
import { useNavigate } from 'react-router'
import type { MachineRun } from '#contract/machine/machine.ts'
import { useClient } from '../live/dependencies.tsx'
import { useMay } from '../live/access-queries.ts'
import { Button } from '../ui/button.tsx'
import { Confirm, type Question } from '../ui/dialog.tsx'
import { type Place, useRefreshMachines } from './queries.ts'

/** Starts an application of the live release, and opens it. */
export function ApplyMachines({ place }: { place: Place }) {
  const client = useClient()
  const navigate = useNavigate()
  const refresh = useRefreshMachines(place.app)
  const mayAct = useMay('operator', place.app)
  const [question, ask] = useState<Question | null>(null)
  if (!mayAct) return null
  const start: Question = {
    title: `Apply for the machines of ${place.environment}?`,
    text: <p>Ansible applies the playbook of the live release to the machines.</p>,
    verb: 'Apply',
    act: async () => {
      const params = { app: place.app, environment: place.environment }
      const { id } = await client.applyMachines({ params })
      await refresh()
      await navigate(`/apps/${place.app}/machine-runs/${id}`)
    },
  }
  return (
    <>
      <Button onClick={() => ask(start)}>Apply …</Button>
      <Confirm question={question} close={() => ask(null)} />
    </>
  )
}

/** Stops a run that is in progress. */
export function StopMachineRun({ run: { app, id, ended } }: { run: MachineRun }) {
  const client = useClient()
  const refresh = useRefreshMachines(app)
  const mayAct = useMay('operator', app)
  const [question, ask] = useState<Question | null>(null)
  if (!mayAct || ended !== null) return null
  const stop: Question = {
    title: `Stop run ${id}?`,
    text: <p>A task that runs on a machine may end in part.</p>,
    verb: 'Stop',
    danger: true,
    act: async () => {
      await client.stopMachineRun({ params: { app, machineRun: id } })
      await refresh()
    },
  }
  return (
    <>
      <Button onClick={() => ask(stop)}>Stop …</Button>
      <Confirm question={question} close={() => ask(null)} />
    </>
  )
}
