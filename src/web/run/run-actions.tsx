import { useMutation } from '@tanstack/react-query'
import { Ban, Play, RotateCcw } from 'lucide-react'
import { useState } from 'react'
import { useNavigate } from 'react-router'
import type { RunDetail } from '#contract/run/run.ts'
import { useMay } from '../live/access-queries.ts'
import { useClient } from '../live/dependencies.tsx'
import { Button } from '../ui/button.tsx'
import { Confirm, type Question } from '../ui/dialog.tsx'
import { isActive, shortSha } from '../ui/state.ts'

/** Cancel or continue a run that has not ended; repeat one that has. */
export function RunActions({ run }: { run: RunDetail }) {
  const client = useClient()
  const navigate = useNavigate()
  const mayAct = useMay('developer', run.app)
  const mayContinue = useMay('operator', run.app)
  const [question, ask] = useState<Question | null>(null)
  const params = { run: run.id }
  const retry = useMutation({
    mutationFn: () => client.retryRun({ params }),
    onSuccess: (next) => navigate(`/runs/${next.id}`),
  })
  if (!mayAct) return null
  const what = `“${run.change.subject}” (${shortSha(run.change.sha)})`
  const askCancel = (): void =>
    ask({
      title: `Cancel run ${run.id}?`,
      text: `Running steps of ${what} are terminated. Releases that are already live stay live.`,
      verb: 'Cancel run',
      danger: true,
      act: () => client.cancelRun({ params }),
    })
  const askContinue = (): void =>
    ask({
      title: `Continue run ${run.id}?`,
      text: `${what} goes on where it stopped. If it was the cause, the server crashes again.`,
      verb: 'Continue run',
      act: () => client.continueWorkflow({ params: { workflow: `delivery/${run.id}` } }),
    })
  const runAgain: Question = {
    title: 'Run again?',
    text: `A new run repeats all steps, if ${what} is still the head of its pull request.`,
    verb: 'Run again',
    act: () => retry.mutateAsync(),
  }
  const deliverAgain: Question = {
    title: 'Deliver again?',
    text: `A new run delivers ${what} to all environments. A hold on the change is lifted.`,
    verb: 'Deliver again',
    act: () => retry.mutateAsync(),
  }
  const askRetry = (): void => ask(run.pullRequest === null ? deliverAgain : runAgain)
  return (
    <>
      {run.state === 'suspended' && mayContinue ? (
        <Button onClick={askContinue}>
          <Play size={15} aria-hidden /> Continue
        </Button>
      ) : null}
      {isActive(run.state) ? (
        <Button onClick={askCancel}>
          <Ban size={15} aria-hidden /> Cancel
        </Button>
      ) : (
        <Button onClick={askRetry}>
          <RotateCcw size={15} aria-hidden /> Retry
        </Button>
      )}
      <Confirm question={question} close={() => ask(null)} />
    </>
  )
}
