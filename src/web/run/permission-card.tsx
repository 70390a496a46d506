import { Check, Snowflake, X } from 'lucide-react'
import { useRef, useState } from 'react'
import { useQueryClient } from '@tanstack/react-query'
import type { Decision, Permission } from '#contract/deployment/decision.ts'
import type { Deployment } from '#contract/run/run.ts'
import { useMay, usePermission } from '../live/queries.ts'
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
      {blocked === null ? null : <Waiting deployment={deployment} permission={permission} />}
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

function Waiting({ deployment, permission }: { deployment: Deployment; permission: Permission }) {
  const client = useClient()
  const queries = useQueryClient()
  const mayDecide = useMay('developer', deployment.app)
  const mayOverride = useMay('operator', deployment.app)
  const [question, ask] = useState<Question | null>(null)
  const comment = useRef<HTMLInputElement>(null)
  const { id, environment, change } = deployment
  const what =
    deployment.kind === 'configuration'
      ? 'The changed configuration'
      : `“${change.subject}” (${shortSha(change.sha)})`
  const decide = (
    kind: Decision['kind'],
    title: string,
    text: string,
    verb: string,
    danger = false,
  ): void =>
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
  return (
    <div className="flex flex-wrap items-center gap-x-4 gap-y-2">
      <p className="grow">
        {asSentence(permission.reason ?? 'Waiting')}{' '}
        <span className="text-soft">
          Waiting for <Elapsed from={permission.since} />.
        </span>
      </p>
      {mayDecide ? (
        <>
          <Button
            onClick={() =>
              decide(
                'approve',
                'Approve the deployment?',
                `${what} may then be deployed to ${environment}.`,
                'Approve',
              )
            }
          >
            <Check size={15} aria-hidden /> Approve
          </Button>
          <Button
            onClick={() =>
              decide(
                'refuse',
                'Refuse the deployment?',
                `${what} is not deployed to ${environment}, and its run ends.`,
                'Refuse',
                true,
              )
            }
          >
            <X size={15} aria-hidden /> Refuse
          </Button>
        </>
      ) : null}
      {permission.blocked === 'freeze' && mayOverride ? (
        <Button
          onClick={() =>
            decide(
              'override',
              'Override the freeze?',
              `${what} is deployed to ${environment} now. The override is recorded.`,
              'Override',
              true,
            )
          }
        >
          <Snowflake size={15} aria-hidden /> Override the freeze
        </Button>
      ) : null}
      <Confirm question={question} close={() => ask(null)} />
    </div>
  )
}
