import { Undo2 } from 'lucide-react'
import { useState } from 'react'
import { FairleadError } from '#contract/errors.ts'
import type { Deployment } from '#contract/run/run.ts'
import { ForcedRollback } from '../environment/forced-rollback.tsx'
import { useMay } from '../live/access-queries.ts'
import { useClient } from '../live/dependencies.tsx'
import { Button } from '../ui/button.tsx'
import { Confirm, type Question } from '../ui/dialog.tsx'
import { ProblemLine } from '../ui/problem.tsx'
import { shortSha } from '../ui/state.ts'

/** Reads to which release an environment can return, and asks whether it should. */
export function RollbackButton({ app, environment }: { app: string; environment: string }) {
  const client = useClient()
  const mayAct = useMay('operator', app)
  const [question, ask] = useState<Question | null>(null)
  const [forced, force] = useState<{ to: Deployment; why: string } | null>(null)
  const [error, setError] = useState<unknown>(null)
  if (!mayAct) return null
  const params = { app, environment }
  const prepare = async (): Promise<void> => {
    setError(null)
    try {
      const { to, reason, incompatible } = (await client.getEnvironment({ params })).rollback
      if (to === null)
        throw new FairleadError('not_now', {
          why: `${environment} cannot be rolled back: ${reason ?? 'there is no earlier release'}`,
        })
      if (incompatible !== null) return force({ to, why: incompatible })
      ask({
        title: `Roll back ${environment} of ${app}?`,
        text:
          `It returns to “${to.change.subject}” (${shortSha(to.change.sha)}), ` +
          'with the configuration it had.',
        verb: `Roll back to ${shortSha(to.change.sha)}`,
        danger: true,
        act: () => client.rollback({ params, body: { to: to.id } }),
      })
    } catch (problem) {
      setError(problem)
    }
  }
  return (
    <>
      <Button onClick={() => void prepare()} aria-label={`Roll back … ${environment} of ${app}`}>
        <Undo2 size={15} aria-hidden /> Roll back …
      </Button>
      <ProblemLine error={error} />
      <Confirm question={question} close={() => ask(null)} />
      {forced ? <ForcedRollback {...forced} open close={() => force(null)} /> : null}
    </>
  )
}
