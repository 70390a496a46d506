import type { ReactNode } from 'react'
import { formatShare } from '../ui/number.ts'
import { type Axis, boxOf, Plot } from './plot.tsx'
import type { Box } from './reader.tsx'
import { formatTick, linear, type Scale, timeTicks } from './scale.ts'
import { type Moment, turnsOf } from './words.ts'

interface Drawing {
  box: Box
  x: Scale
  y: Scale
}

/** A plot over the time since the canary began; it shows when the share became another. */
export function TimePlot({
  width,
  label,
  moments,
  until,
  axis,
  read,
  children,
}: {
  width: number
  label: string
  moments: Moment[]
  /** where the time axis ends, in milliseconds */
  until: number
  axis: (range: [number, number]) => Axis
  read: (moment: Moment) => ReactNode
  children: (drawing: Drawing) => ReactNode
}) {
  const box = boxOf(width)
  const x = linear([0, until], [box.left, box.right])
  const y = axis([box.bottom, box.top])
  const xAxis = {
    scale: x,
    ticks: timeTicks(until, Math.max(2, Math.floor(width / 80))),
    format: formatTick,
  }
  return (
    <Plot
      width={width}
      label={label}
      x={xAxis}
      y={y}
      places={moments.map(({ elapsed }) => x(elapsed))}
      read={(point) => {
        const moment = moments[point]
        return moment ? (
          <>
            After {formatTick(Math.round(moment.elapsed / 1000) * 1000)}, with{' '}
            {formatShare(moment.share)} of the requests: {read(moment)}
          </>
        ) : null
      }}
    >
      <Turns moments={moments} x={x} box={box} />
      {children({ box, x, y: y.scale })}
    </Plot>
  )
}

function Turns({ moments, x, box }: { moments: Moment[]; x: Scale; box: Box }) {
  let free = -Infinity
  return turnsOf(moments).map((moment) => {
    const at = x(moment.elapsed)
    const isFree = at >= free && at < box.right - 30
    if (isFree) free = at + 46
    return (
      <g key={moment.elapsed}>
        <line
          x1={at}
          x2={at}
          y1={box.top}
          y2={box.bottom}
          className="stroke-edge-strong"
          strokeDasharray="2 3"
        />
        {isFree ? (
          <text x={at} y={box.top - 6} className="fill-soft">
            {formatShare(moment.share)}
          </text>
        ) : null}
      </g>
    )
  })
}

/** A line through points that are known; it breaks where one is not. */
export function linePath(points: ([number, number] | null)[]): string {
  return points
    .map((point, i) =>
      point ? `${points[i - 1] ? 'L' : 'M'}${point[0].toFixed(1)},${point[1].toFixed(1)}` : '',
    )
    .join('')
}
