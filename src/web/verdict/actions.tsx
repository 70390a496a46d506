import { ChevronsUp, Undo2 } from 'lucide-react'
import { useState } from 'react'
import { useQueryClient } from '@tanstack/react-query'
import type { Deployment } from '#contract/run/run.ts'
import type { VerdictView } from '#contract/verdict/verdict.ts'
import { useMay } from '../live/queries.ts'
import { useClient } from '../live/dependencies.tsx'
import { Button } from '../ui/button.tsx'
import { Confirm, type Question } from '../ui/dialog.tsx'
import { formatShare } from '../ui/number.ts'
import { shortSha } from '../ui/state.ts'
import { judgementOf } from './words.ts'

/** What a person may do while a canary is judged. */
export function Actions({ view, deployment }: { view: VerdictView; deployment: Deployment }) {
  const client = useClient()
  const queries = useQueryClient()
  const mayPromote = useMay('operator', deployment.app)
  const mayCancel = useMay('developer', deployment.app)
  const [question, ask] = useState<Question | null>(null)
  const { run, environment, change } = deployment
  const what = `“${change.subject}” (${shortSha(change.sha)})`
  const refresh = () => queries.invalidateQueries({ queryKey: ['verdict', deployment.id] })
  const askPromote = (): void =>
    ask({
      title: 'Promote it now?',
      text: (
        <>
          <p>
            {what} is given all of the requests of {environment} at once; now it has{' '}
            {formatShare(view.share)} of them.
          </p>
          <p className="mt-2">What is known: {judgementOf(view).reason}</p>
        </>
      ),
      verb: 'Promote now',
      danger: judgementOf(view).verdict !== 'healthy',
      act: () => client.promoteCanary({ params: { deployment: deployment.id } }).then(refresh),
    })
  const askBack = (id: number): void =>
    ask({
      title: 'Take the canary back?',
      text: `All requests of ${environment} go to the release before again, and run ${id} is cancelled. ${what} does not go on to other environments.`,
      verb: 'Take back',
      danger: true,
      act: () => client.cancelRun({ params: { run: id } }).then(refresh),
    })
  return (
    <>
      {view.ended === null && mayPromote ? (
        <Button onClick={askPromote}>
          <ChevronsUp size={15} aria-hidden /> Promote now
        </Button>
      ) : null}
      {view.ended === null && mayCancel && run !== null ? (
        <Button onClick={() => askBack(run)}>
          <Undo2 size={15} aria-hidden /> Take back
        </Button>
      ) : null}
      <Confirm question={question} close={() => ask(null)} />
    </>
  )
}
