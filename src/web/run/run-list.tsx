import { useRuns } from '../live/run-queries.ts'
import { More } from '../ui/more.tsx'
import { Nothing, RowsShape } from '../ui/page.tsx'
import { Loaded } from '../ui/problem.tsx'
import { runBadges, type RunState } from '../ui/state.ts'
import { RunRow } from './run-row.tsx'

/** The runs of one app, or with an empty name of all, newest first. */
export function RunList({ app, state }: { app: string; state: string }) {
  const query = useRuns({
    ...(app ? { app } : {}),
    ...(state in runBadges ? { state: state as RunState } : {}),
  })
  return (
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
  )
}
