import { OctagonX, Play, Square } from 'lucide-react'
import { useState } from 'react'
import { useNavigate } from 'react-router'
import {
  type Experiment,
  type ExperimentRun,
  hasEndedExperiment,
} from '#contract/experiment/experiment.ts'
import { radiusText } from '#contract/experiment/text.ts'
import { useClient } from '../live/dependencies.tsx'
import { useMay } from '../live/access-queries.ts'
import { Button } from '../ui/button.tsx'
import { Confirm, Modal, type Question } from '../ui/dialog.tsx'
import { Field } from '../ui/field.tsx'
import { ProblemLine } from '../ui/problem.tsx'
import { asSentence } from '../ui/state.ts'
import { useExperimentPreview, useRefreshExperiments } from './queries.ts'

type Place = Pick<Experiment, 'app' | 'environment' | 'name'>

/** Runs an experiment after it has said what it would hit, and opens the run. */
export function RunExperiment({ app, environment, name }: Place) {
  const client = useClient()
  const navigate = useNavigate()
  const refresh = useRefreshExperiments(app)
  const mayAct = useMay('operator', app)
  const [isOpen, setOpen] = useState(false)
  const [error, setError] = useState<unknown>(null)
  const [isBusy, setBusy] = useState(false)
  const params = { app, environment, experiment: name }
  const { data: preview, error: unread } = useExperimentPreview(params, isOpen)
  if (!mayAct) return null
  const run = async (): Promise<void> => {
    setBusy(true)
    setError(null)
    try {
      const { id } = await client.runExperiment({ params })
      await refresh()
      await navigate(`/apps/${app}/experiment-runs/${id}`)
    } catch (problem) {
      setError(problem)
    } finally {
      setBusy(false)
    }
  }
  const close = (): void => {
    setError(null)
    setOpen(false)
  }
  return (
    <>
      <Button aria-label={`Run ${name} in ${environment}`} onClick={() => setOpen(true)}>
        <Play size={15} aria-hidden /> Run …
      </Button>
      <Modal open={isOpen} close={close} title={`Run ${name} in ${environment}?`}>
        {preview ? <Preview preview={preview} /> : <p>Asks the host what it would hit …</p>}
        <ProblemLine error={error ?? unread} />
        <div className="flex justify-end gap-2">
          <Button onClick={close}>Cancel</Button>
          <Button
            kind="primary"
            disabled={isBusy || !preview || preview.refusals.length > 0}
            onClick={() => void run()}
          >
            Run
          </Button>
        </div>
      </Modal>
    </>
  )
}

type Preview = NonNullable<ReturnType<typeof useExperimentPreview>['data']>

function Preview({ preview: { plan, radius, refusals } }: { preview: Preview }) {
  return (
    <div className="space-y-2" role="status">
      <p>
        {radius === null
          ? 'It is not known what the fault would hit.'
          : `The fault ${plan.action} hits ${radiusText(radius, plan.service)}.`}{' '}
        It is undone after {plan.for} seconds, or when it harms more than expected.
      </p>
      {refusals.length === 0 ? null : (
        <>
          <p className="font-medium">It would be refused now:</p>
          <ul className="list-disc space-y-1 pl-5">
            {refusals.map((reason) => (
              <li key={reason} className="break-words">
                {asSentence(reason)}
              </li>
            ))}
          </ul>
        </>
      )}
    </div>
  )
}

/** Aborts a run with one press; nothing when it has ended. */
export function AbortRun({ run }: { run: ExperimentRun }) {
  const { app, id, state, abortedBy } = run
  const client = useClient()
  const refresh = useRefreshExperiments(app)
  const mayAct = useMay('developer', app)
  const [error, setError] = useState<unknown>(null)
  if (!mayAct || hasEndedExperiment(state)) return null
  const abort = async (): Promise<void> => {
    setError(null)
    try {
      await client.abortExperimentRun({ params: { app, experimentRun: id } })
      await refresh()
    } catch (problem) {
      setError(problem)
    }
  }
  return (
    <>
      <ProblemLine error={error} />
      <Button kind="danger" disabled={abortedBy !== null} onClick={() => void abort()}>
        <Square size={15} aria-hidden /> {abortedBy === null ? 'Abort' : 'Aborting …'}
      </Button>
    </>
  )
}

/** Stops all experiments of the installation. */
export function StopExperiments({ app }: { app: string }) {
  const client = useClient()
  const refresh = useRefreshExperiments(app)
  const mayAct = useMay('operator', null)
  const [question, ask] = useState<Question | null>(null)
  const [reason, setReason] = useState('')
  if (!mayAct) return null
  const stop: Question = {
    title: 'Stop all experiments?',
    text: (
      <div className="space-y-3">
        <p>
          The faults of all apps are undone now, and no experiment begins until a person allows it
          again.
        </p>
        <Field label="Reason" value={reason} set={setReason} maxLength={500} required />
      </div>
    ),
    verb: 'Stop all',
    danger: true,
    act: async () => {
      await client.stopExperiments({ body: { reason } })
      await refresh()
    },
  }
  return (
    <>
      <Button onClick={() => ask(stop)}>
        <OctagonX size={15} aria-hidden /> Stop all …
      </Button>
      <Confirm question={question && stop} close={() => ask(null)} />
    </>
  )
}

/** Allows experiments again. */
export function AllowExperiments({ app }: { app: string }) {
  const client = useClient()
  const refresh = useRefreshExperiments(app)
  const mayAct = useMay('operator', null)
  const [question, ask] = useState<Question | null>(null)
  if (!mayAct) return null
  const allow: Question = {
    title: 'Allow experiments again?',
    text: 'Experiments of all apps may run again.',
    verb: 'Allow',
    act: async () => {
      await client.allowExperiments({})
      await refresh()
    },
  }
  return (
    <>
      <Button onClick={() => ask(allow)}>Allow …</Button>
      <Confirm question={question} close={() => ask(null)} />
    </>
  )
}
