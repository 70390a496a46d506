import { ChevronsUp, Undo2 } from 'lucide-react'
import { useState } from 'react'
import { useQueryClient } from '@tanstack/react-query'
import type { Deployment } from '#contract/run/run.ts'
import type { VerdictView } from '#contract/verdict/verdict.ts'
import { useMay } from '../live/access-queries.ts'
import { useClient } from '../live/dependencies.tsx'
import { Button } from '../ui/button.tsx'
import { Confirm, type Question } from '../ui/dialog.tsx'
import { formatShare } from '../ui/number.ts'
import { shortSha } from '../ui/state.ts'
import { judgementOf } from './words.ts'

/** Actions on a running canary: promote and roll back. */
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
      title: 'Promote the canary now?',
      text: (
        <>
          <p>
            {what} immediately gets all requests of {environment}. It now gets{' '}
            {formatShare(view.share)} of them.
          </p>
          <p className="mt-2">Current result: {judgementOf(view).reason}</p>
        </>
      ),
      verb: 'Promote now',
      danger: judgementOf(view).verdict !== 'healthy',
      act: () => client.promoteCanary({ params: { deployment: deployment.id } }).then(refresh),
    })
  const askRollback = (id: number): void =>
    ask({
      title: 'Roll back the canary?',
      text: (
        <>
          <p>
            The previous release gets all requests of {environment} again, and run {id} is
            cancelled.
          </p>
          <p className="mt-2">{what} is not deployed to other environments.</p>
        </>
      ),
      verb: 'Roll back',
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
        <Button onClick={() => askRollback(run)}>
          <Undo2 size={15} aria-hidden /> Roll back
        </Button>
      ) : null}
      <Confirm question={question} close={() => ask(null)} />
    </>
  )
}
