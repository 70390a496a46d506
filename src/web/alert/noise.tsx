import { shortDayWords } from '#contract/time-words.ts'
import { Section } from '../ui/page.tsx'
import { NumbersTable } from '../ui/numbers-table.tsx'
import { useAlertFigures } from './queries.ts'

/** How many alerts each team had in the last weeks, and how many led to something. */
export function Noise({ app }: { app: string }) {
  const { data } = useAlertFigures(app)
  if (!data || data.weeks.length === 0) return null
  return (
    <Section title="Noise">
      <div className="panel px-4 py-2">
        <NumbersTable
          head={['Week of', 'Team', 'Alerts', 'Acted on', 'Not mine', 'Messages']}
          rows={data.weeks.map(({ week, owner, alerts, acted, passed, messages }) => [
            shortDayWords(`${week}T12:00:00Z`).replace(/ \d{4}$/, ''),
            ...[owner ?? 'none', alerts, acted, passed, messages],
          ])}
        />
        <p className="mt-1 text-small text-soft">
          Acted on: a person acknowledged or resolved the alert, or something was deployed to its
          environment while it was open.
        </p>
      </div>
    </Section>
  )
}
