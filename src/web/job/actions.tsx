import { Play, Square } from 'lucide-react'
import { useState } from 'react'
import { useNavigate } from 'react-router'
import { type JobRun, hasEnded } from '#contract/job/job.ts'
import { useClient } from '../live/dependencies.tsx'
import { useMay } from '../live/access-queries.ts'
import { Button } from '../ui/button.tsx'
import { Confirm, type Question } from '../ui/dialog.tsx'
import { useRefreshJobs } from './queries.ts'

interface Place {
  app: string
  environment: string
}

/** Runs a job, and opens its run. */
export function RunJob({ place, job, command }: { place: Place; job: string; command: string }) {
  const client = useClient()
  const navigate = useNavigate()
  const refresh = useRefreshJobs(place.app)
  const mayAct = useMay('operator', place.app)
  const [question, ask] = useState<Question | null>(null)
  if (!mayAct) return null
  const run: Question = {
    title: `Run ${job} in ${place.environment}?`,
    text: (
      <p>
        The command runs in the live release:{' '}
        <code className="font-mono text-small break-all">{command}</code>
      </p>
    ),
    verb: 'Run',
    act: async () => {
      const { id } = await client.runJob({ params: { ...place, job } })
      await refresh()
      await navigate(`/apps/${place.app}/job-runs/${id}`)
    },
  }
  return (
    <>
      <Button aria-label={`Run ${job} in ${place.environment}`} onClick={() => ask(run)}>
        <Play size={15} aria-hidden /> Run …
      </Button>
      <Confirm question={question} close={() => ask(null)} />
    </>
  )
}

/** Stops a run; nothing when it has ended. */
export function StopRun({ run }: { run: JobRun }) {
  const client = useClient()
  const refresh = useRefreshJobs(run.app)
  const mayAct = useMay('operator', run.app)
  const [question, ask] = useState<Question | null>(null)
  if (!mayAct || hasEnded(run.state)) return null
  const stop: Question = {
    title: 'Stop this run?',
    text: 'Its processes get SIGTERM, and SIGKILL ten seconds later.',
    verb: 'Stop',
    danger: true,
    act: async () => {
      await client.stopJobRun({ params: { app: run.app, jobRun: run.id } })
      await refresh()
    },
  }
  return (
    <>
      <Button disabled={run.stopping} onClick={() => ask(stop)}>
        <Square size={15} aria-hidden /> {run.stopping ? 'Stopping …' : 'Stop …'}
      </Button>
      <Confirm question={question} close={() => ask(null)} />
    </>
  )
}
