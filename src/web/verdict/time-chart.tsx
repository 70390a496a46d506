import type { ReactNode } from 'react'
import { Chart } from '../chart/chart.tsx'
import type { ChartData, ChartSpec } from '../chart/spec.ts'
import { formatElapsed } from '../chart/ticks.ts'
import { formatShare } from '../ui/number.ts'
import { type Moment, shareChanges } from './words.ts'

/** A chart over the time since the canary started, with a mark where its share changed. */
export function TimeChart({
  title,
  label,
  moments,
  until,
  columns,
  read,
  sync,
  ...spec
}: Pick<ChartSpec, 'y' | 'lines' | 'bands' | 'levels'> & {
  title: string
  label: string
  moments: Moment[]
  /** end of the time axis, in milliseconds since the start */
  until: number
  /** the values of each line, one for each moment */
  columns: (number | null)[][]
  read: (moment: Moment) => ReactNode
  sync: string
}) {
  const data: ChartData = [moments.map(({ elapsed }) => elapsed), ...columns]
  return (
    <Chart
      title={title}
      label={label}
      sync={sync}
      data={data}
      spec={{
        ...spec,
        x: { scale: 'elapsed', range: [0, until] },
        marks: shareChanges(moments).map(({ elapsed, share }) => ({
          x: elapsed,
          label: formatShare(share),
        })),
      }}
      read={(index) => {
        const moment = moments[index]
        return moment ? (
          <>
            After {formatElapsed(Math.round(moment.elapsed / 1000) * 1000)}, with{' '}
            {formatShare(moment.share)} of the requests: {read(moment)}
          </>
        ) : null
      }}
    />
  )
}
