import { Link } from 'react-router'
import type { DeliveryFigures } from '#contract/home/home.ts'
import { useDeliveryFigures } from '../live/queries.ts'
import { durationWords } from '#contract/time-words.ts'
import { formatShare } from '../ui/number.ts'
import { Section } from '../ui/page.tsx'

/** The period of the figures where none is chosen. */
export const figureDays = 30

const list = '/deployments/figures'
const failures = `${list}?failed=true`

const durationOf = (ms: number | null): string => (ms === null ? 'none' : durationWords(ms))

const shareOf = ({ failureRate }: DeliveryFigures): string =>
  failureRate === null ? 'none' : formatShare(failureRate)

interface Figure {
  name: string
  value: (figures: DeliveryFigures) => string
  title: string
  to: string
}

const figures: Figure[] = [
  {
    name: 'Deployments',
    value: ({ deployments }) => String(deployments),
    title: 'changes that reached all traffic of production, the last environment of an app',
    to: list,
  },
  {
    name: 'Lead time',
    value: ({ leadTimeMs }) => durationOf(leadTimeMs),
    title: 'from the push or merge to all traffic of production, the median',
    to: list,
  },
  {
    name: 'Change failures',
    value: shareOf,
    title: 'changes that were rolled back from production, or that caused an incident',
    to: failures,
  },
  {
    name: 'Time to recover',
    value: ({ recoveryMs }) => durationOf(recoveryMs),
    title: 'from the start of the harm of a failed change until it was stopped, the median',
    to: failures,
  },
]

/** What was delivered to production in the last days, compared with as many days before. */
export function Figures() {
  const { data } = useDeliveryFigures(figureDays)
  if (!data || data.now.deployments + data.now.failed + data.before.deployments === 0) return null
  return (
    <Section title={`Production in the last ${figureDays} days`}>
      <dl className="panel grid grid-cols-2 divide-edge lg:grid-cols-4 lg:divide-x">
        {figures.map(({ name, value, title, to }) => (
          <div key={name} title={title} className="px-4 py-3">
            <dt className="text-soft">{name}</dt>
            <dd>
              <Link
                to={to}
                className="quiet-link block text-xl font-semibold tracking-tight"
                aria-label={`${name}: ${value(data.now)}`}
              >
                {value(data.now)}
              </Link>
              <span className="label">
                {figureDays} days before: {value(data.before)}
              </span>
            </dd>
          </div>
        ))}
      </dl>
    </Section>
  )
}
