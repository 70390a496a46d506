import { useQueryClient } from '@tanstack/react-query'
import { useRef, useState } from 'react'
import type { Role } from '#contract/endpoint.ts'
import type { Attention } from '#contract/home/home.ts'
import { useMay } from '../live/access-queries.ts'
import { useClient } from '../live/dependencies.tsx'
import { Button, ButtonLink } from '../ui/button.tsx'
import { Confirm, type Question } from '../ui/dialog.tsx'
import { shortSha } from '../ui/state.ts'
import { pageOf } from './attention-page.ts'
import { RollbackButton } from './rollback-button.tsx'

interface Action {
  verb: string
  needs: Role
  question: Question
}

/** The buttons that settle what needs a person; without the role for them, a link to its page. */
export function AttentionActions({ item }: { item: Attention }) {
  const { kind, app, environment } = item
  if (kind === 'production_down' || kind === 'environment_down')
    return <RollbackButton app={app} environment={environment ?? ''} />
  return <Decisions item={item} />
}

function Decisions({ item }: { item: Attention }) {
  const [question, ask] = useState<Question | null>(null)
  const may = { developer: useMay('developer', item.app), operator: useMay('operator', item.app) }
  const actions = useActions(item)
  if (item.refusal !== null) return <p className="max-w-60 text-soft">{item.refusal}.</p>
  const allowed = actions.filter(({ needs }) => may[needs as keyof typeof may])
  return (
    <>
      {allowed.map(({ verb, question: one }) => (
        <Button key={verb} onClick={() => ask(one)} aria-label={`${verb} … ${item.title}`}>
          {verb} …
        </Button>
      ))}
      {allowed.length === 0 ? <ButtonLink to={pageOf(item)}>View</ButtonLink> : null}
      <Confirm question={question} close={() => ask(null)} />
    </>
  )
}

function useActions(item: Attention): Action[] {
  const client = useClient()
  const queries = useQueryClient()
  const comment = useRef<HTMLInputElement>(null)
  const { kind, app, title, run, deployment, pullRequest, sha } = item
  const place = item.environment ?? ''
  const action = (
    verb: string,
    needs: Role,
    text: Question['text'],
    act: () => Promise<unknown>,
    danger = false,
  ): Action => ({
    verb,
    needs,
    question: {
      title: `${verb}?`,
      text: (
        <>
          <p className="mb-2 text-ink">
            {app}: {title}
          </p>
          {text}
        </>
      ),
      verb,
      danger,
      act: async () => {
        await act()
        await queries.invalidateQueries({ queryKey: ['home'] })
      },
    },
  })
  const decide = (verb: string, decision: 'approve' | 'refuse', text: string): Action =>
    action(
      verb,
      'developer',
      <>
        <p>{text}</p>
        <label className="mt-3 block">
          <span className="label">Comment</span>
          <input ref={comment} className="field w-full" maxLength={1000} />
        </label>
      </>,
      () =>
        client.decideDeployment({
          params: { deployment: deployment ?? 0 },
          body: { kind: decision, comment: comment.current?.value ?? '' },
        }),
      decision === 'refuse',
    )
  switch (kind) {
    case 'approval':
      return [
        decide('Approve', 'approve', `It may then be deployed to ${place}.`),
        decide('Refuse', 'refuse', `It is not deployed to ${place}.`),
      ]
    case 'canary_undecided':
      return [
        action('Promote', 'operator', `It then gets all requests of ${place}.`, () =>
          client.promoteCanary({ params: { deployment: deployment ?? 0 } }),
        ),
        action(
          'Roll back',
          'developer',
          `The previous release gets all requests of ${place} again, and run ${run} is cancelled.`,
          () => client.cancelRun({ params: { run: run ?? 0 } }),
          true,
        ),
      ]
    case 'fork':
      return [
        action(
          'Approve',
          'developer',
          `Commit ${shortSha(sha ?? '')} will run with the secrets of its steps, like a commit ` +
            'of the repository. Review its changes first. A new push needs a new approval.',
          () =>
            client.approvePullRequest({
              params: { app, number: pullRequest ?? 0 },
              body: { sha: sha ?? '' },
            }),
        ),
      ]
    case 'run_suspended':
      return [
        action(
          'Continue',
          'operator',
          'The run goes on where it stopped. If it was the cause, the server crashes again.',
          () => client.continueWorkflow({ params: { workflow: `delivery/${run}` } }),
        ),
      ]
    case 'production_failed':
    case 'environment_failed':
    case 'run_failed':
      return [
        action(
          'Retry',
          'developer',
          'A new run delivers the change to all environments. A hold on it is lifted.',
          () => client.retryRun({ params: { run: run ?? 0 } }),
        ),
      ]
    case 'environment_left':
      return [
        action(
          'Remove',
          'operator',
          `This stops all services of ${app} in ${place}, and frees its addresses. ` +
            'Its history is kept.',
          () => client.removeEnvironment({ params: { app, environment: place } }),
          true,
        ),
      ]
    default:
      return []
  }
}
