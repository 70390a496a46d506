import { Check, Snowflake, X } from 'lucide-react'
import { useRef, useState } from 'react'
import { useQueryClient } from '@tanstack/react-query'
import type { Decision, Permission } from '#contract/deployment/decision.ts'
import type { Deployment } from '#contract/run/run.ts'
import { usePermission } from '../live/deployment-queries.ts'
import { useClient } from '../live/dependencies.tsx'
import { Button } from '../ui/button.tsx'
import { Confirm, type Question } from '../ui/dialog.tsx'
import { asSentence, shortSha } from '../ui/state.ts'
import { Elapsed } from '../ui/time.tsx'

/** What a deployment waits for before it starts, the decisions on it, and the time it lost. */
export function PermissionCard({ deployment }: { deployment: Deployment }) {
  const { data: permission } = usePermission(deployment.id, deployment.state === 'waiting')
  if (!permission) return null
  const { blocked, decisions, frozenMs, approvalMs } = permission
  if (blocked === null && decisions.length === 0 && frozenMs + approvalMs === 0) return null
  return (
    <div className="panel mb-4 flex flex-col gap-2 px-4 py-3">
      {blocked === null ? null : <Waiting permission={permission} />}
      {decisions.length === 0 ? null : (
        <ul>
          {decisions.map(({ kind, actor, comment }) => (
            <li key={`${kind}/${actor}`}>
              {actor} {words[kind]}
              {comment === '' ? '' : `: ${comment}`}
            </li>
          ))}
        </ul>
      )}
      <Lost permission={permission} />
    </div>
  )
}

const words: Record<Decision['kind'], string> = {
  approve: 'approved it',
  refuse: 'refused it',
  override: 'overrode the freeze',
}

function Lost({ permission: { frozenMs, approvalMs } }: { permission: Permission }) {
  const lost = [
    ['a freeze', frozenMs],
    ['waiting for approval', approvalMs],
  ] as const
  return lost.map(([what, ms]) =>
    ms === 0 ? null : (
      <p key={what} className="text-soft">
        <Elapsed from={new Date(0).toISOString()} to={new Date(ms).toISOString()} /> lost to {what}
      </p>
    ),
  )
}

function Waiting({ permission }: { permission: Permission }) {
  const { blocked, reason, since, denied } = permission
  return (
    <p>
      {asSentence(reason ?? 'Waiting')}{' '}
      <span className="text-soft">
        Waiting for <Elapsed from={since} />.
        {blocked === 'approval' && denied.approve !== null ? ` ${asSentence(denied.approve)}` : ''}
      </span>
    </p>
  )
}

/** What a user may decide about a deployment that waits; nothing for a user who may not. */
export function Decide({ deployment }: { deployment: Deployment }) {
  const { data: permission } = usePermission(deployment.id, deployment.state === 'waiting')
  const client = useClient()
  const queries = useQueryClient()
  const [question, ask] = useState<Question | null>(null)
  const comment = useRef<HTMLInputElement>(null)
  if (!permission || permission.blocked === null) return null
  const { id, environment, change } = deployment
  const { denied, blocked } = permission
  const what =
    deployment.kind === 'configuration'
      ? 'The changed configuration'
      : `“${change.subject}” (${shortSha(change.sha)})`
  const decide = (kind: Decision['kind'], { title, text, verb, danger }: Words): void =>
    ask({
      title,
      text: (
        <>
          <p>{text}</p>
          <label className="mt-3 block">
            <span className="label">
              {kind === 'override' ? 'Reason for overriding the freeze' : 'Comment'}
            </span>
            <input ref={comment} className="field w-full" maxLength={1000} />
          </label>
        </>
      ),
      verb,
      danger,
      act: async () => {
        const body = { kind, comment: comment.current?.value ?? '' }
        await client.decideDeployment({ params: { deployment: id }, body })
        await queries.invalidateQueries({ queryKey: ['permission', id] })
      },
    })
  const approve = {
    title: 'Approve the deployment?',
    text: `${what} may then be deployed to ${environment}.`,
    ...{ verb: 'Approve', danger: false },
  }
  const refuse = {
    title: 'Refuse the deployment?',
    text: `${what} is not deployed to ${environment}, and its run ends.`,
    ...{ verb: 'Refuse', danger: true },
  }
  const override = {
    title: 'Override the freeze?',
    text: `${what} is deployed to ${environment} now. The override is recorded.`,
    ...{ verb: 'Override', danger: true },
  }
  return (
    <>
      {denied.approve === null ? (
        <Button kind="primary" onClick={() => decide('approve', approve)}>
          <Check size={15} aria-hidden /> Approve for {environment}
        </Button>
      ) : null}
      {denied.refuse === null ? (
        <Button onClick={() => decide('refuse', refuse)}>
          <X size={15} aria-hidden /> Refuse
        </Button>
      ) : null}
      {blocked === 'freeze' && denied.override === null ? (
        <Button onClick={() => decide('override', override)}>
          <Snowflake size={15} aria-hidden /> Override the freeze
        </Button>
      ) : null}
      <Confirm question={question} close={() => ask(null)} />
    </>
  )
}

interface Words {
  title: string
  text: string
  verb: string
  danger: boolean
}
