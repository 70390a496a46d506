import type { VerdictView } from '#contract/verdict/verdict.ts'
import { ChartFrame } from '../chart/frame.tsx'
import { Key } from '../chart/key.tsx'
import type { Line } from '../chart/spec.ts'
import { thinned } from '../chart/spec.ts'
import { formatElapsed } from '../chart/ticks.ts'
import { formatEvidence } from '../ui/number.ts'
import { NumbersTable } from '../ui/numbers-table.tsx'
import { TimeChart } from './time-chart.tsx'
import { evidenceWords, hasRequests, judgementOf, type Moment } from './words.ts'

const evidenceLine: Line = { colour: 'move', width: 2.5 }
const alarmLine: Line = { colour: 'bad', width: 1.5, dash: [5, 3] }

/** The evidence that the canary does harm. Above the alarm level the canary is rolled back. */
export function EvidenceChart({
  view,
  moments,
  until,
}: {
  view: VerdictView
  moments: Moment[]
  until: number
}) {
  const title = 'Evidence of harm'
  const { threshold } = view.judgement
  const summary = summaryOf(view)
  const evidence = moments.map((moment) => moment.evidence)
  return (
    <ChartFrame
      title={title}
      summary={summary}
      empty={moments.length === 0 ? 'No requests have arrived yet.' : undefined}
      legend={
        <>
          <Key {...evidenceLine}>Evidence</Key>
          <Key {...alarmLine}>Alarm at {formatEvidence(threshold)}</Key>
        </>
      }
      table={() => (
        <NumbersTable
          head={['After', 'Evidence', `Of ${formatEvidence(threshold)}`]}
          rows={thinned(moments, 40).map((moment) => [
            formatElapsed(Math.round(moment.elapsed / 1000) * 1000),
            formatEvidence(moment.evidence),
            `${Math.max(0, Math.round((moment.evidence / threshold) * 100))} %`,
          ])}
        />
      )}
    >
      <TimeChart
        title={title}
        label={summary}
        sync={`canary ${view.deployment}`}
        moments={moments}
        until={until}
        columns={[evidence]}
        lines={[evidenceLine]}
        levels={[{ ...alarmLine, value: threshold, label: 'alarm', shade: 0.12 }]}
        y={{
          scale: 'linear',
          range: [
            Math.max(-threshold, Math.min(-0.2 * threshold, ...evidence)),
            Math.max(threshold * 1.25, ...evidence) * 1.04,
          ],
          format: (tick) => String(tick).replace('-', '−'),
        }}
        read={(moment) =>
          moment.evidence >= threshold
            ? `evidence ${formatEvidence(moment.evidence)}, alarm.`
            : `evidence ${formatEvidence(moment.evidence)} of ${formatEvidence(threshold)}.`
        }
      />
    </ChartFrame>
  )
}

function summaryOf(view: VerdictView): string {
  const judgement = judgementOf(view)
  const { evidence, threshold, alpha } = judgement
  const words = evidenceWords({
    ...{ evidence, threshold, isHarm: true, hasData: hasRequests(judgement) },
  })
  const rate = `At most 1 of ${Math.round(1 / alpha)} harmless canaries reaches the alarm level.`
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}. ${rate}`
}
