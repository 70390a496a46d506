import { Link } from 'react-router'
import type { Slo } from '#contract/slo/slo.ts'
import { Section } from '../ui/page.tsx'
import { Status } from '../ui/status.tsx'
import { monitorBadges, placeOf } from './badges.ts'
import { useSlos } from './queries.ts'

/** The objectives of an app with what is left of their error budgets; nothing without any. */
export function Objectives({ app }: { app: string }) {
  const { data = [] } = useSlos(app)
  if (data.length === 0) return null
  return (
    <Section title="Objectives">
      <ul className="panel divide-y divide-edge overflow-hidden">
        {data.map((one) => (
          <li
            key={one.monitor}
            className="grid items-center gap-x-4 gap-y-0.5 px-4 py-2.5
              md:grid-cols-[8rem_minmax(0,1fr)_8rem_9rem]"
          >
            <Status badge={monitorBadges[one.state]} />
            <div className="min-w-0">
              <Link
                to={`/apps/${one.app}/monitors/${one.monitor}`}
                className="font-medium underline-offset-3 hover:underline"
              >
                {one.name}
              </Link>{' '}
              <span className="text-soft">of {placeOf(one)}</span>
              <div className="text-soft">{promise(one)}</div>
            </div>
            <meter
              min={0}
              max={1}
              value={Math.max(0, one.budgetLeft ?? 0)}
              aria-label={`Error budget of ${one.name}`}
              className="w-full"
            />
            <span className="md:text-right">{left(one)}</span>
          </li>
        ))}
      </ul>
    </Section>
  )
}

export const percent = (share: number): string => `${Number((share * 100).toPrecision(5))} %`

export const promise = ({ objective, below, window }: Slo): string => {
  const what =
    below === null ? 'of the requests succeed' : `of the requests take less than ${below} ms`
  return `${percent(objective)} ${what}, over ${Number((window / 86_400_000).toPrecision(3))} days`
}

const left = ({ budgetLeft }: Slo): string => {
  if (budgetLeft === null) return 'no requests'
  return budgetLeft > 0 ? `${Math.round(budgetLeft * 100)} % left` : 'used up'
}
