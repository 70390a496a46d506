import type { VerdictView } from '#contract/verdict/verdict.ts'
import { formatRange, formatRatio } from '../ui/number.ts'
import { ChartFrame, Key } from './chart-frame.tsx'
import { NumbersTable } from './numbers-table.tsx'
import { formatTick, logarithmic, logTicks, ratioDomain } from './scale.ts'
import { linePath, TimePlot } from './time-plot.tsx'
import { judgementOf, type Moment, thinned } from './words.ts'

/** How many times as often the canary fails, with all that is not excluded yet. */
export function RatioChart({
  view,
  moments,
  until,
}: {
  view: VerdictView
  moments: Moment[]
  until: number
}) {
  const tolerated = 1 + view.settings.tolerance.errors
  const summary = summaryOf(view, tolerated)
  // What was hardly known in the beginning would make all that came later small.
  const late = moments
    .slice(Math.floor(moments.length / 3))
    .flatMap(({ ratio }) => [ratio.low, ratio.high])
  const domain = ratioDomain([...late, ...moments.map(({ ratio }) => ratio.estimate), tolerated])
  return (
    <ChartFrame
      title="Errors, times as many as before"
      summary={summary}
      empty={moments.length === 0 ? 'No request has come yet.' : undefined}
      legend={
        <>
          <Key look={<path d="M0,5H18" className="stroke-move" strokeWidth="2.5" />}>
            Canary over before
          </Key>
          <Key look={<rect width="18" height="10" className="fill-move/20" />}>Not excluded</Key>
          <Key
            look={
              <path d="M0,5H18" className="stroke-warn" strokeWidth="1.5" strokeDasharray="5 3" />
            }
          >
            Tolerated: {formatRatio(tolerated)}
          </Key>
        </>
      }
      table={() => (
        <NumbersTable
          head={['After', 'Estimate', 'Not excluded', 'Errors, canary', 'Errors, before']}
          rows={thinned(moments, 40).map(({ elapsed, ratio, errors, requests }) => [
            formatTick(Math.round(elapsed / 1000) * 1000),
            formatRatio(ratio.estimate),
            formatRange(ratio),
            `${errors.canary} of ${requests.canary}`,
            `${errors.baseline} of ${requests.baseline}`,
          ])}
        />
      )}
    >
      {(width) => (
        <TimePlot
          width={width}
          label={summary}
          moments={moments}
          until={until}
          axis={(range) => ({
            scale: logarithmic(domain, range),
            ticks: logTicks(...domain, 7),
            format: (tick) => `${tick}×`,
          })}
          read={({ ratio }) =>
            `${formatRatio(ratio.estimate)}, not excluded: ${formatRange(ratio)}.`
          }
        >
          {({ x, y, box }) => (
            <>
              <path
                d={bandPath(
                  moments.map(({ elapsed, ratio }) => [
                    x(elapsed),
                    y(ratio.low ?? 0),
                    y(ratio.high ?? Infinity),
                  ]),
                )}
                className="fill-move/20"
              />
              <line x1={box.left} x2={box.right} y1={y(1)} y2={y(1)} className="stroke-ink" />
              <line
                x1={box.left}
                x2={box.right}
                y1={y(tolerated)}
                y2={y(tolerated)}
                className="stroke-warn"
                strokeWidth="1.5"
                strokeDasharray="5 3"
              />
              <path
                d={linePath(
                  moments.map(({ elapsed, ratio }) =>
                    ratio.estimate === null ? null : [x(elapsed), y(ratio.estimate)],
                  ),
                )}
                className="fill-none stroke-move"
                strokeWidth="2.5"
                strokeLinejoin="round"
              />
            </>
          )}
        </TimePlot>
      )}
    </ChartFrame>
  )
}

/** The field between two lines, as [x, low, high]. */
function bandPath(points: [number, number, number][]): string {
  const at = (x: number, y: number): string => `${x.toFixed(1)},${y.toFixed(1)}`
  const highs = points.map(([x, , high]) => at(x, high))
  const lows = points.map(([x, low]) => at(x, low)).reverse()
  return points.length === 0 ? '' : `M${[...highs, ...lows].join('L')}Z`
}

function summaryOf(view: VerdictView, tolerated: number): string {
  const { ratio } = judgementOf(view).errors
  if (ratio.estimate === null && ratio.low === null && ratio.high === null)
    return 'It is not known yet whether the canary fails more often than the release before.'
  const estimate =
    ratio.estimate === null
      ? 'How many times as often the canary fails is not known'
      : `The canary fails ${formatRatio(ratio.estimate)} as often`
  const is =
    ratio.low !== null && ratio.low > tolerated
      ? 'that is more than is tolerated'
      : ratio.high !== null && ratio.high <= tolerated
        ? 'that is tolerated'
        : 'more than is tolerated is neither shown nor excluded'
  return `${estimate} (${formatRange(ratio)} is not excluded); ${is}.`
}
