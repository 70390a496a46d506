import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useNavigate } from 'react-router'
import type { Drift, DriftRemedy } from '#contract/drift/drift.ts'
import { useClient } from '../live/dependencies.tsx'
import { Button } from '../ui/button.tsx'
import { Confirm, Modal, type Question } from '../ui/dialog.tsx'
import { ProblemLine } from '../ui/problem.tsx'
import { Lasting } from '../ui/time.tsx'
import { DifferenceValues } from './difference-values.tsx'
import { TakeOver } from './take-over.tsx'

const questions: Partial<Record<DriftRemedy, string>> = {
  rewrite: 'The file is written again as it is declared.',
  restart: 'The service restarts if a rehearsal shows that it would come back.',
  rewrite_and_restart:
    'The file is written again. The service restarts if a rehearsal shows that it would come back.',
  apply: 'Ansible applies the playbook of the live release to this machine, and to no other.',
}

/** A difference, and what can be done about it. */
export function DifferenceRow({ one, mayAct }: { one: Drift; mayAct: boolean }) {
  const { app, environment, id, service, machine, kind, name, disk } = one
  const owner = service ?? machine
  const client = useClient()
  const queries = useQueryClient()
  const navigate = useNavigate()
  const [question, ask] = useState<Question | null>(null)
  const [patch, setPatch] = useState<{ patch: string; isHosted: boolean } | null>(null)
  const [problem, setProblem] = useState<unknown>(null)
  const text = questions[one.remedy]
  const params = { app, environment, id }
  const takeOver = async (): Promise<void> => {
    setProblem(null)
    try {
      setPatch(await client.getDriftPatch({ params }))
    } catch (error) {
      setProblem(error)
    }
  }
  const repair = async (): Promise<void> => {
    const answer = await client.repairDrift({ params })
    await queries.invalidateQueries({ queryKey: ['drift', app, environment] })
    if (answer.machineRun !== null) await navigate(`/apps/${app}/machine-runs/${answer.machineRun}`)
    if (answer.problem !== null) setProblem(new Error(answer.problem))
  }
  return (
    <div className="px-4 py-3">
      <div className="flex flex-wrap items-start justify-between gap-x-4 gap-y-2">
        <div className="min-w-0 flex-1 basis-72">
          <p className="break-all">
            {owner === null ? '' : `${owner}: `}
            {kind} <code className="font-mono text-small">{name}</code>{' '}
            <span className="text-soft">
              <Lasting since={one.since} />
            </span>
          </p>
          <DifferenceValues one={one} />
        </div>
        {mayAct ? (
          <div className="flex gap-2">
            {kind === 'file' && disk !== null ? (
              <Button onClick={() => void takeOver()}>Take over …</Button>
            ) : null}
            {text === undefined ? null : (
              <Button
                onClick={() =>
                  ask({ title: `Put ${name} right?`, text, verb: 'Put right', act: repair })
                }
              >
                Put right …
              </Button>
            )}
          </div>
        ) : null}
      </div>
      {problem === null ? null : <ProblemLine error={problem} />}
      <Confirm question={question} close={() => ask(null)} />
      <Modal open={patch !== null} close={() => setPatch(null)} title={`Take ${name} over`}>
        {patch === null ? null : <TakeOver params={params} {...patch} />}
      </Modal>
    </div>
  )
}
