import { AppFilter, SelectFilter, useFilter, wordChoices } from '../ui/filters.tsx'
import { Nothing, PageHead, RowsShape, useTitle } from '../ui/page.tsx'
import { Loaded } from '../ui/problem.tsx'
import { monitorBadges } from './badges.ts'
import { MeasurementSpace } from './measurement-space.tsx'
import { MonitorList } from './monitor-list.tsx'
import { useMonitors } from './queries.ts'

/** Everything that is watched. */
export function MonitorsPage() {
  useTitle('Monitors')
  const [app] = useFilter('app')
  const [state] = useFilter('state')
  const query = useMonitors(app === '' ? undefined : app)
  return (
    <>
      <PageHead
        title="Monitors"
        actions={
          <>
            <AppFilter />
            <SelectFilter name="state" label="State" choices={wordChoices(monitorBadges)} />
          </>
        }
      />
      <Loaded query={query} shape={<RowsShape rows={8} />}>
        {(monitors) => {
          const shown = monitors.filter((one) => state === '' || one.state === state)
          return shown.length === 0 ? (
            <Nothing>
              {monitors.length === 0
                ? 'Nothing is watched yet. A service is watched from its first request on.'
                : 'No monitors match the filter.'}
            </Nothing>
          ) : (
            <MonitorList monitors={shown} />
          )
        }}
      </Loaded>
      {app === '' ? <MeasurementSpace /> : null}
    </>
  )
}
