import type { DeliveryFigures } from '#contract/home/home.ts'
import { useDeliveryFigures } from '../live/queries.ts'
import { durationWords } from '#contract/time-words.ts'
import { formatShare } from '../ui/number.ts'
import { Section } from '../ui/page.tsx'

const days = 30

const durationOf = (ms: number | null): string => (ms === null ? 'none' : durationWords(ms))

const shareOf = ({ failed, deployments }: DeliveryFigures): string =>
  deployments + failed === 0 ? 'none' : formatShare(failed / Math.max(deployments, failed, 1))

/** What was delivered to production in the last days, compared with as many days before. */
export function Figures() {
  const { data } = useDeliveryFigures(days)
  if (!data || data.now.deployments + data.now.failed + data.before.deployments === 0) return null
  const { now, before } = data
  const rows: [string, string, string, string][] = [
    [
      'Deployments',
      String(now.deployments),
      String(before.deployments),
      'changes that reached all traffic of production, the last environment of an app',
    ],
    [
      'Lead time',
      durationOf(now.leadTimeMs),
      durationOf(before.leadTimeMs),
      'from the push or merge to all traffic of production, the median',
    ],
    [
      'Change failures',
      shareOf(now),
      shareOf(before),
      `changes that were rolled back from production: ${now.failed} of ${now.deployments}`,
    ],
    [
      'Time to recover',
      durationOf(now.recoveryMs),
      durationOf(before.recoveryMs),
      'how long a change that was rolled back had traffic, the median',
    ],
  ]
  return (
    <Section title={`Production in the last ${days} days`}>
      <dl className="panel grid grid-cols-2 divide-edge lg:grid-cols-4 lg:divide-x">
        {rows.map(([name, value, was, title]) => (
          <div key={name} title={title} className="px-4 py-3">
            <dt className="text-soft">{name}</dt>
            <dd>
              <span className="block text-xl font-semibold tracking-tight">{value}</span>
              <span className="label">
                {days} days before: {was}
              </span>
            </dd>
          </div>
        ))}
      </dl>
    </Section>
  )
}
