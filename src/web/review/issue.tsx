import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { issueForgeKinds } from '#contract/forge/forge.ts'
import type { ReviewAction } from '#contract/review/review.ts'
import { useClient } from '../live/dependencies.tsx'
import { useForge } from '../live/forge-queries.ts'
import { Button } from '../ui/button.tsx'
import { Confirm, type Question } from '../ui/dialog.tsx'
import { asSentence } from '../ui/state.ts'

/** The issue of an action at the Git provider. */
export function IssueLine({ issue }: { issue: NonNullable<ReviewAction['issue']> }) {
  const { number, url, problem } = issue
  const name = number === null ? 'The issue is not created yet' : `Issue ${number}`
  return (
    <div className="text-soft wrap-anywhere">
      {url === null ? (
        `${name}.`
      ) : (
        <a href={url} rel="noreferrer" className="underline">
          {name}
        </a>
      )}
      {problem === null ? null : ` ${asSentence(`The Git provider refused a change: ${problem}`)}`}
    </div>
  )
}

/** Creates the issue of an action, where the Git provider of the app has issues. */
export function IssueButton({
  app,
  incident,
  action: { id, title },
}: {
  app: string
  incident: number
  action: ReviewAction
}) {
  const client = useClient()
  const queries = useQueryClient()
  const kind = useForge(app).data?.forge?.kind
  const [question, ask] = useState<Question | null>(null)
  if (kind === undefined || !issueForgeKinds.includes(kind)) return null
  const create: Question = {
    title: 'Create an issue for this action?',
    text:
      'Everybody who can read the issues of the repository can read its title, its owner and its ' +
      'proof. Fairlead closes the issue when the action is proven.',
    verb: 'Create issue',
    act: async () => {
      await client.createReviewIssue({ params: { incident, action: id } })
      await queries.invalidateQueries({ queryKey: ['reviews'] })
    },
  }
  return (
    <>
      <Button onClick={() => ask(create)} aria-label={`Create issue … ${title}`}>
        Create issue …
      </Button>
      <Confirm question={question} close={() => ask(null)} />
    </>
  )
}
