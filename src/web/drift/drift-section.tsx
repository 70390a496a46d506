import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { counted } from '#contract/text.ts'
import { useClient } from '../live/dependencies.tsx'
import { useMay } from '../live/access-queries.ts'
import { Button } from '../ui/button.tsx'
import { RowsShape, Section } from '../ui/page.tsx'
import { Loaded, ProblemLine } from '../ui/problem.tsx'
import { asSentence } from '../ui/state.ts'
import { Ago } from '../ui/time.tsx'
import { DifferenceRow } from './difference-row.tsx'
import { MachinesCompared } from './machines-compared.tsx'

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
        {({ check: last, differences, machines }) => (
          <div className="panel divide-y divide-edge">
            <div className="flex flex-wrap items-center justify-between gap-x-4 gap-y-2 px-4 py-3">
              <div className="min-w-0">
                {last === null ? (
                  <p className="text-soft">It was not compared with what is declared yet.</p>
                ) : last.problem === null ? (
                  <p>
                    {last.total === 0
                      ? machines === null
                        ? 'Everything is as declared'
                        : 'Files and processes are as declared'
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
            {machines === null ? null : <MachinesCompared app={app} machines={machines} />}
            {differences.map((one) => (
              <DifferenceRow key={one.id} one={one} mayAct={mayAct} />
            ))}
          </div>
        )}
      </Loaded>
    </Section>
  )
}
