import type { RunDetail } from '#contract/run/run.ts'
import { Section } from '../ui/page.tsx'
import { Status } from '../ui/status.tsx'
import { WaiveGate } from './waive.tsx'
import { gateBadges } from './words.ts'

type Gate = RunDetail['gates'][number]

const order: Gate['state'][] = ['failed', 'unknown', 'waived', 'waiting', 'passed']

/** The gates of the change with their values and thresholds. Gates that stop it come first. */
export function Gates({ app, gates }: { app: string; gates: Gate[] }) {
  if (gates.length === 0) return null
  const sorted = gates.toSorted(
    (a, b) => Number(b.stops) - Number(a.stops) || order.indexOf(a.state) - order.indexOf(b.state),
  )
  return (
    <Section title="Gates">
      <ul className="panel divide-y divide-edge">
        {sorted.map((gate) => (
          <li
            key={gate.name}
            className="grid gap-x-4 gap-y-1 px-4 py-2.5 md:grid-cols-[8.5rem_minmax(0,1fr)_auto]"
          >
            <Status badge={gateBadges[gate.state]} />
            <div className="min-w-0">
              <p>
                <span className="font-medium">{gate.name}</span>
                {gate.stops ? <span className="text-bad"> stops the change</span> : null}
              </p>
              {gate.reasons.map((reason) => (
                <p key={reason}>{reason}</p>
              ))}
              <code className="block font-mono text-small text-soft">{gate.expression}</code>
            </div>
            {gate.stops ? (
              <div>
                <WaiveGate app={app} gate={gate.name} />
              </div>
            ) : null}
          </li>
        ))}
      </ul>
    </Section>
  )
}
