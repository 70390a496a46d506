import { useCountedDeployments } from '../live/queries.ts'
import { AppFilter, SelectFilter, useFilter } from '../ui/filters.tsx'
import { More } from '../ui/more.tsx'
import { Nothing, PageHead, RowsShape, useTitle } from '../ui/page.tsx'
import { Loaded } from '../ui/problem.tsx'
import { CountedRow } from './counted-row.tsx'
import { figureDays } from './figures.tsx'

const periods = [7, figureDays, 90, 365].map((days) => ({
  value: String(days),
  text: `${days} days`,
}))

/** The deployments that the delivery figures count, with the incidents that they caused. */
export function FiguresPage() {
  useTitle('Delivery figures')
  const [app] = useFilter('app')
  const [failed] = useFilter('failed')
  const [chosen] = useFilter('days')
  const days = Number(periods.find(({ value }) => value === chosen)?.value ?? figureDays)
  const query = useCountedDeployments({
    days,
    ...(app ? { app } : {}),
    ...(failed ? { failed: 'true' } : {}),
  })
  return (
    <>
      <PageHead
        title="Delivery figures"
        actions={
          <>
            <AppFilter />
            <SelectFilter
              name="failed"
              label="Deployments"
              choices={[{ value: 'true', text: 'Failed' }]}
            />
            <SelectFilter
              name="days"
              label="Last"
              choices={periods}
              fallback={String(figureDays)}
            />
          </>
        }
      >
        <p className="text-soft">
          Changes that got traffic of production, the last environment of an app
        </p>
      </PageHead>
      <Loaded query={query} shape={<RowsShape rows={10} height="h-16" />}>
        {({ pages }) => {
          const deployments = pages.flatMap((page) => page.deployments)
          if (deployments.length === 0)
            return (
              <Nothing>
                {failed ? 'No change failed in production' : 'No change reached production'} in the
                last {days} days.
              </Nothing>
            )
          return (
            <>
              <ul className="panel divide-y divide-edge overflow-hidden">
                {deployments.map((one) => (
                  <CountedRow key={one.id} deployment={one} />
                ))}
              </ul>
              <More query={query} shown={deployments.length} noun="deployments" />
            </>
          )
        }}
      </Loaded>
    </>
  )
}
