import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { Link, useNavigate } from 'react-router'
import type { IncidentDetail } from '#contract/incident/incident.ts'
import { counted } from '#contract/text.ts'
import { useClient } from '../live/dependencies.tsx'
import { useMay } from '../live/access-queries.ts'
import { Button, ButtonLink } from '../ui/button.tsx'
import { Confirm, type Question } from '../ui/dialog.tsx'
import { Section } from '../ui/page.tsx'
import { Ago } from '../ui/time.tsx'

/** What was learned when it happened before, and the review of this incident. */
export function Learned({ incident }: { incident: IncidentDetail }) {
  const { earlier, hasReview, id, app } = incident
  const mayBegin = useMay('developer', app) && !hasReview
  return (
    <>
      {earlier.length === 0 ? null : (
        <Section title="It happened before">
          <ul className="panel divide-y divide-edge overflow-hidden">
            {earlier.map((one) => (
              <li key={one.incident} className="px-4 py-2.5 wrap-anywhere">
                <Link to={`/incidents/${one.incident}/review`} className="quiet-link font-medium">
                  {one.title}
                </Link>{' '}
                <span className="text-soft">
                  <Ago time={one.detected} />
                  {one.unproven === 0
                    ? ''
                    : `, ${counted(one.unproven, 'action')} of its review not proven`}
                </span>
              </li>
            ))}
          </ul>
        </Section>
      )}
      {hasReview || mayBegin ? (
        <Section title="Review">
          <div className="panel flex flex-wrap items-center justify-between gap-3 px-4 py-3">
            <p className="min-w-0 flex-1 basis-64 text-soft">
              {hasReview
                ? 'What was learned, and the actions that follow.'
                : 'Fairlead begins the review when the incident closes.'}
            </p>
            {hasReview ? (
              <ButtonLink to={`/incidents/${id}/review`}>Review</ButtonLink>
            ) : (
              <BeginButton incident={id} />
            )}
          </div>
        </Section>
      ) : null}
    </>
  )
}

function BeginButton({ incident }: { incident: number }) {
  const client = useClient()
  const queries = useQueryClient()
  const navigate = useNavigate()
  const [question, ask] = useState<Question | null>(null)
  const begin: Question = {
    title: 'Begin the review now?',
    text: 'It begins with what Fairlead knows, and follows the incident until it closes.',
    verb: 'Begin',
    act: async () => {
      await client.createReview({ params: { incident } })
      await queries.invalidateQueries({ queryKey: ['incidents'] })
      await navigate(`/incidents/${incident}/review`)
    },
  }
  return (
    <>
      <Button onClick={() => ask(begin)}>Begin …</Button>
      <Confirm question={question} close={() => ask(null)} />
    </>
  )
}
