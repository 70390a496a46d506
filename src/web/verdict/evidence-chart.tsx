import type { VerdictView } from '#contract/verdict/verdict.ts'
import { formatEvidence } from '../ui/number.ts'
import { ChartFrame, Key } from './chart-frame.tsx'
import { NumbersTable } from './numbers-table.tsx'
import { formatTick, linear, linearTicks } from './scale.ts'
import { linePath, TimePlot } from './time-plot.tsx'
import { judgementOf, type Moment, thinned } from './words.ts'

/** The evidence that the canary does harm; above the line it is taken back. */
export function EvidenceChart({
  view,
  moments,
  until,
}: {
  view: VerdictView
  moments: Moment[]
  until: number
}) {
  const { threshold } = view.judgement
  const summary = summaryOf(view)
  const seen = moments.map(({ evidence }) => evidence)
  const domain: [number, number] = [
    Math.max(-threshold, Math.min(-0.2 * threshold, ...seen)),
    Math.max(threshold * 1.25, ...seen) * 1.04,
  ]
  return (
    <ChartFrame
      title="Evidence of harm"
      summary={summary}
      empty={moments.length === 0 ? 'No request has come yet.' : undefined}
      legend={
        <>
          <Key look={<path d="M0,5H18" className="stroke-move" strokeWidth="2.5" />}>Evidence</Key>
          <Key
            look={
              <path d="M0,5H18" className="stroke-bad" strokeWidth="1.5" strokeDasharray="5 3" />
            }
          >
            Alarm at {formatEvidence(threshold)}
          </Key>
        </>
      }
      table={() => (
        <NumbersTable
          head={['After', 'Evidence', `Of ${formatEvidence(threshold)}`]}
          rows={thinned(moments, 40).map(({ elapsed, evidence }) => [
            formatTick(Math.round(elapsed / 1000) * 1000),
            formatEvidence(evidence),
            `${Math.max(0, Math.round((evidence / threshold) * 100))} %`,
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
            scale: linear(domain, range),
            ticks: linearTicks(...domain, 6),
            format: (tick) => String(tick).replace('-', '−'),
          })}
          read={({ evidence }) =>
            `evidence ${formatEvidence(evidence)}${evidence >= threshold ? ', alarm' : ` of ${formatEvidence(threshold)}`}.`
          }
        >
          {({ x, y, box }) => (
            <>
              <rect
                x={box.left}
                y={box.top}
                width={box.right - box.left}
                height={Math.max(0, y(threshold) - box.top)}
                className="fill-bad/12"
              />
              <line
                x1={box.left}
                x2={box.right}
                y1={y(threshold)}
                y2={y(threshold)}
                className="stroke-bad"
                strokeWidth="1.5"
                strokeDasharray="5 3"
              />
              <text x={box.right - 4} y={y(threshold) - 5} textAnchor="end" className="fill-bad">
                alarm
              </text>
              <path
                d={linePath(moments.map(({ elapsed, evidence }) => [x(elapsed), y(evidence)]))}
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

function summaryOf(view: VerdictView): string {
  const { evidence, threshold, alpha, verdict } = judgementOf(view)
  const chance = `a canary without harm gets there in ${formatAlpha(alpha)}`
  return evidence >= threshold || verdict === 'harmful'
    ? `The evidence is over the line: ${formatEvidence(evidence)}, alarm at ${formatEvidence(threshold)}; ${chance}.`
    : `The evidence is under the line: ${formatEvidence(evidence)}, alarm at ${formatEvidence(threshold)}; ${chance}.`
}

/** One in how many, however often one looks. */
const formatAlpha = (alpha: number): string =>
  `at most 1 of ${Math.round(1 / alpha)} cases, however often one looks`
