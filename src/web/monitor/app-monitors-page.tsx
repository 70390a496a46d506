import { useParams } from 'react-router'
import { useLine } from '../live/run-queries.ts'
import { SelectFilter, useFilter } from '../ui/filters.tsx'
import { Nothing, RowsShape, Section, useTitle } from '../ui/page.tsx'
import { Loaded } from '../ui/problem.tsx'
import { AppMetrics } from './app-metrics.tsx'
import { Objectives } from './objectives.tsx'
import { MonitorList } from './monitor-list.tsx'
import { useMonitors, useSignals } from './queries.ts'
import { SignalCharts } from './signal-charts.tsx'

const periods = [
  { value: '60', text: 'Last hour' },
  { value: '1440', text: 'Last day' },
  { value: '10080', text: 'Last week' },
  { value: '50400', text: 'Last 5 weeks' },
  { value: '525600', text: 'Last year' },
]

/** What is watched of an app, and what was measured of it. */
export function AppMonitorsPage() {
  const { app = '' } = useParams()
  useTitle(`${app}: monitors`)
  const { data: line } = useLine(app)
  const environments = line?.environments.map(({ name }) => name) ?? []
  const period = useFilter('period')[0] || '60'
  const [chosen] = useFilter('environment')
  const environment = chosen || environments.at(-1) || ''
  const monitors = useMonitors(app)
  const signals = useSignals(app, Number(period))
  return (
    <>
      <Loaded query={monitors} shape={<RowsShape rows={3} />}>
        {(all) => {
          // Objectives have a section of their own.
          const shown = all.filter(({ kind }) => kind !== 'slo')
          return shown.length === 0 ? (
            <Nothing>
              Nothing is watched yet. A service is watched from its first request on.
            </Nothing>
          ) : (
            <MonitorList monitors={shown} />
          )
        }}
      </Loaded>
      <Objectives app={app} />
      <Section
        title="Measurements"
        aside={
          <div className="flex flex-wrap gap-3">
            <SelectFilter
              name="environment"
              label="Environment"
              choices={environments.map((value) => ({ value, text: value }))}
              fallback={environment}
            />
            <SelectFilter name="period" label="Period" choices={periods} fallback={period} />
          </div>
        }
      >
        <Loaded query={signals} shape={<RowsShape rows={2} height="h-52" />}>
          {(answer) => <SignalCharts answer={answer} environment={environment} />}
        </Loaded>
      </Section>
      {line ? <AppMetrics app={app} environment={environment} minutes={Number(period)} /> : null}
    </>
  )
}
