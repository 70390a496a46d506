import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import type { Drift, DriftRemedy } from '#contract/drift/drift.ts'
import { counted } from '#contract/text.ts'
import { useClient } from '../live/dependencies.tsx'
import { useMay } from '../live/access-queries.ts'
import { Scrollable } from '../ui/scrollable.tsx'
import { Button } from '../ui/button.tsx'
import { Confirm, Modal, type Question } from '../ui/dialog.tsx'
import { RowsShape, Section } from '../ui/page.tsx'
import { Loaded, ProblemLine } from '../ui/problem.tsx'
import { asSentence } from '../ui/state.ts'
import { Ago } from '../ui/time.tsx'

interface Place {
  app: string
  environment: string
}

function useDrift({ app, environment }: Place) {
  const client = useClient()
  return useQuery({
    queryKey: ['drift', app, environment],
    queryFn: ({ signal }) => client.listDrift({ params: { app, environment }, signal }),
    refetchInterval: 30_000,
  })
}

/** Where the environment differs from what is declared. */
export function DriftSection({ app, environment }: Place) {
  const place = { app, environment }
  const query = useDrift(place)
  const client = useClient()
  const queries = useQueryClient()
  const mayAct = useMay('operator', app)
  const [isBusy, setBusy] = useState(false)
  const [problem, setProblem] = useState<unknown>(null)
  const check = async (): Promise<void> => {
    setBusy(true)
    setProblem(null)
    try {
      await client.checkDrift({ params: place })
    } catch (error) {
      setProblem(error)
    }
    setBusy(false)
    await queries.invalidateQueries({ queryKey: ['drift', app, environment] })
  }
  return (
    <Section title="Drift">
      <Loaded query={query} shape={<RowsShape rows={1} height="h-14" />}>
        {({ check: last, differences }) => (
          <div className="panel divide-y divide-edge">
            <div className="flex flex-wrap items-center justify-between gap-x-4 gap-y-2 px-4 py-3">
              <div className="min-w-0">
                {last === null ? (
                  <p className="text-soft">It was not compared with what is declared yet.</p>
                ) : last.problem === null ? (
                  <p>
                    {last.total === 0
                      ? 'Everything is as declared'
                      : `${counted(last.total, 'difference')} from what is declared`}
                    <span className="text-soft">
                      {' '}
                      ({counted(last.files, 'file')},{' '}
                      {counted(last.processes, 'process', 'processes')}, <Ago time={last.checked} />
                      )
                    </span>
                  </p>
                ) : (
                  <p className="break-words">{asSentence(last.problem)}</p>
                )}
                {problem === null ? null : <ProblemLine error={problem} />}
              </div>
              {mayAct ? (
                <Button disabled={isBusy} onClick={() => void check()}>
                  {isBusy ? 'Comparing …' : 'Compare'}
                </Button>
              ) : null}
            </div>
            {differences.map((one) => (
              <DifferenceRow key={one.id} one={one} mayAct={mayAct} />
            ))}
          </div>
        )}
      </Loaded>
    </Section>
  )
}

const questions: Partial<Record<DriftRemedy, string>> = {
  rewrite: 'The file is written again as it is declared.',
  restart: 'The service restarts if a rehearsal shows that it would come back.',
  rewrite_and_restart:
    'The file is written again. The service restarts if a rehearsal shows that it would come back.',
}

function DifferenceRow({ one, mayAct }: { one: Drift; mayAct: boolean }) {
  const { app, environment, id, service, kind, name, declared, disk, running } = one
  const client = useClient()
  const queries = useQueryClient()
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
    if (answer.problem !== null) setProblem(new Error(answer.problem))
  }
  return (
    <div className="px-4 py-3">
      <div className="flex flex-wrap items-start justify-between gap-x-4 gap-y-2">
        <div className="min-w-0">
          <p className="break-all">
            {service === null ? '' : `${service}: `}
            {kind} <code className="font-mono text-small">{name}</code>{' '}
            <span className="text-soft">
              since <Ago time={one.since} />
            </span>
          </p>
          <dl className="mt-1 grid grid-cols-[5rem_minmax(0,1fr)] gap-x-3 break-all">
            <dt className="text-soft">Declared</dt>
            <dd>{declared ?? '–'}</dd>
            <dt className="text-soft">On disk</dt>
            <dd>{disk ?? '–'}</dd>
            <dt className="text-soft">Running</dt>
            <dd>{running ?? '–'}</dd>
          </dl>
          <p className="mt-1 text-soft">
            {one.atRestart
              ? 'The next restart changes what runs.'
              : 'The next restart does not change what runs.'}
            {one.remedy === 'deploy' ? ' A new deployment brings what is declared.' : ''}
          </p>
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

interface TakeOverProps {
  params: Place & { id: number }
  patch: string
  isHosted: boolean
}

function TakeOver({ params, patch, isHosted }: TakeOverProps) {
  const client = useClient()
  const mayCommit = useMay('developer', params.app) && isHosted
  const [branch, setBranch] = useState<string | null>(null)
  const [problem, setProblem] = useState<unknown>(null)
  const commit = async (): Promise<void> => {
    try {
      setBranch((await client.takeOverDrift({ params })).branch)
    } catch (error) {
      setProblem(error)
    }
  }
  return (
    <>
      <p>
        {branch === null
          ? `Apply this patch to the repository with git apply, and deliver it${
              mayCommit ? '; or commit it to a branch' : ''
            }.`
          : `The branch ${branch} has the commit. Merge it to deliver it.`}
      </p>
      <Scrollable as="pre" label="Difference" className="my-2 max-h-96 font-mono text-small">
        {patch}
      </Scrollable>
      {mayCommit && branch === null ? (
        <Button onClick={() => void commit()}>Commit to a branch</Button>
      ) : null}
      {problem === null ? null : <ProblemLine error={problem} />}
    </>
  )
}
