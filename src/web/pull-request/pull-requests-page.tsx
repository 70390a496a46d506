import { useParams } from 'react-router'
import { usePullRequests } from '../live/forge-queries.ts'
import { SelectFilter, useFilter } from '../ui/filters.tsx'
import { Nothing, RowsShape, useTitle } from '../ui/page.tsx'
import { Loaded } from '../ui/problem.tsx'
import { asSentence } from '../ui/state.ts'
import { StatusIcon } from '../ui/status.tsx'
import { Ago } from '../ui/time.tsx'
import { PullRequestRow } from './pull-request-row.tsx'

const states = ['open', 'merged', 'closed'] as const

/** The pull requests of an app with their runs and previews, and the last sync of them. */
export function PullRequestsPage() {
  const { app = '' } = useParams()
  const [wanted] = useFilter('state')
  const query = usePullRequests(
    app,
    states.find((one) => one === wanted),
  )
  useTitle(`${app}: pull requests`)
  const choices = states.map((value) => ({
    value,
    text: `${value.charAt(0).toUpperCase()}${value.slice(1)}`,
  }))
  return (
    <>
      <div className="mb-4 flex">
        <SelectFilter name="state" label="State" choices={choices} />
      </div>
      <Loaded query={query} shape={<RowsShape rows={5} height="h-16" />}>
        {(answer) => (
          <>
            <Synced {...answer} />
            {answer.pullRequests.length === 0 ? (
              <Nothing>
                {wanted
                  ? 'No pull request matches the filter.'
                  : 'No pull requests. Connect a Git provider or create a webhook to see them here.'}
              </Nothing>
            ) : (
              <ul className="panel divide-y divide-edge overflow-hidden">
                {answer.pullRequests.map((pull) => (
                  <PullRequestRow key={pull.number} pull={pull} />
                ))}
              </ul>
            )}
          </>
        )}
      </Loaded>
    </>
  )
}

/** When the list was last synced, and why that fails now. */
function Synced({
  looked,
  problem,
  previews,
}: {
  looked: string | null
  problem: string | null
  previews: number
}) {
  return (
    <p className="mb-3 flex flex-wrap items-start gap-x-2 text-soft">
      {problem === null ? null : (
        <span className="flex items-start gap-1.5 text-ink" role="alert">
          <span className="mt-0.5">
            <StatusIcon tone="unknown" />
          </span>
          {asSentence(problem)}
        </span>
      )}
      <span>
        {previews} {previews === 1 ? 'preview' : 'previews'}.{' '}
        {looked === null ? (
          'Not synced yet.'
        ) : (
          <>
            Synced <Ago time={looked} />.
          </>
        )}
      </span>
    </p>
  )
}
