import { useLines, useRuns } from '../live/queries.ts'
import { SelectFilter, useFilter, wordChoices } from '../ui/filters.tsx'
import { More } from '../ui/more.tsx'
import { Nothing, PageHead, RowsShape, useTitle } from '../ui/page.tsx'
import { Loaded } from '../ui/problem.tsx'
import { runBadges, type RunState } from '../ui/state.ts'
import { RunRow } from './run-row.tsx'

export function RunsPage() {
  useTitle('Runs')
  const [app] = useFilter('app')
  const [state] = useFilter('state')
  const query = useRuns({
    ...(app ? { app } : {}),
    ...(state in runBadges ? { state: state as RunState } : {}),
  })
  const { data: lines } = useLines()
  const apps = (lines ?? []).map((line) => ({ value: line.app.name, text: line.app.name }))
  return (
    <>
      <PageHead
        title="Runs"
        actions={
          <>
            <SelectFilter name="app" label="App" choices={apps} />
            <SelectFilter name="state" label="State" choices={wordChoices(runBadges)} />
          </>
        }
      />
      <Loaded query={query} shape={<RowsShape rows={10} height="h-16" />}>
        {({ pages }) => {
          const runs = pages.flatMap((page) => page.runs)
          if (runs.length === 0) return <Nothing>No runs match the filter.</Nothing>
          return (
            <>
              <ul className="panel divide-y divide-edge overflow-hidden">
                {runs.map((run) => (
                  <RunRow key={run.id} run={run} />
                ))}
              </ul>
              <More query={query} shown={runs.length} noun="runs" />
            </>
          )
        }}
      </Loaded>
    </>
  )
}
