import { z } from 'zod'

/**
 * The event vocabulary: CDEvents v0.5 types where it has one, `dev.cdeventsx.fairlead-*` where not.
 * The value is the version of the subject's schema: adding a field is a minor version, anything else a new one.
 */
export const eventTypes = {
  'dev.cdevents.repository.created': '0.3.0',
  'dev.cdevents.repository.deleted': '0.3.0',
  'dev.cdevents.change.merged': '0.3.0',
  'dev.cdevents.branch.deleted': '0.3.0',
  'dev.cdevents.pipelinerun.queued': '0.3.0',
  'dev.cdevents.pipelinerun.started': '0.3.0',
  'dev.cdevents.pipelinerun.finished': '0.3.0',
  'dev.cdevents.taskrun.started': '0.3.0',
  'dev.cdevents.taskrun.finished': '0.3.0',
  'dev.cdevents.artifact.packaged': '0.3.0',
  'dev.cdevents.artifact.deleted': '0.3.0',
  'dev.cdevents.environment.created': '0.3.0',
  'dev.cdevents.environment.modified': '0.3.0',
  'dev.cdevents.service.deployed': '0.3.0',
  'dev.cdevents.service.upgraded': '0.3.0',
  'dev.cdevents.service.rolledback': '0.3.0',
  'dev.cdevents.service.removed': '0.3.0',
  'dev.cdeventsx.fairlead-pipelinerun.cancelrequested': '0.1.0',
  'dev.cdeventsx.fairlead-deployment.waiting': '0.1.0',
  'dev.cdeventsx.fairlead-deployment.started': '0.1.0',
  'dev.cdeventsx.fairlead-deployment.healthy': '0.1.0',
  'dev.cdeventsx.fairlead-deployment.verified': '0.1.0',
  'dev.cdeventsx.fairlead-deployment.finished': '0.1.0',
  'dev.cdeventsx.fairlead-verdict.started': '0.1.0',
  'dev.cdeventsx.fairlead-verdict.shared': '0.1.0',
  'dev.cdeventsx.fairlead-verdict.waiting': '0.1.0',
  'dev.cdeventsx.fairlead-verdict.finished': '0.1.0',
  'dev.cdeventsx.fairlead-deployment.watched': '0.1.0',
  'dev.cdeventsx.fairlead-change.held': '0.1.0',
  'dev.cdeventsx.fairlead-change.released': '0.1.0',
  'dev.cdeventsx.fairlead-gate.finished': '0.1.0',
  'dev.cdeventsx.fairlead-waiver.created': '0.1.0',
  'dev.cdeventsx.fairlead-waiver.ended': '0.1.0',
  'dev.cdeventsx.fairlead-evidence.signed': '0.1.0',
  'dev.cdeventsx.fairlead-configuration.changed': '0.1.0',
  'dev.cdeventsx.fairlead-token.created': '0.1.0',
  'dev.cdeventsx.fairlead-token.revoked': '0.1.0',
  'dev.cdeventsx.fairlead-session.created': '0.1.0',
  'dev.cdeventsx.fairlead-webhook.created': '0.1.0',
  'dev.cdeventsx.fairlead-webhook.deleted': '0.1.0',
  'dev.cdeventsx.fairlead-webhook.missed': '0.1.0',
  'dev.cdeventsx.fairlead-forge.created': '0.1.0',
  'dev.cdeventsx.fairlead-forge.deleted': '0.1.0',
  'dev.cdeventsx.fairlead-deployment.decided': '0.1.0',
  'dev.cdeventsx.fairlead-key.rotated': '0.1.0',
  'dev.cdeventsx.fairlead-server.started': '0.1.0',
  'dev.cdeventsx.fairlead-workflow.broken': '0.1.0',
  'dev.cdeventsx.fairlead-workflow.takenover': '0.1.0',
  'dev.cdeventsx.fairlead-step.repeated': '0.1.0',
} as const satisfies Record<string, string>

export type EventType = keyof typeof eventTypes

/** An event about to be appended. `chain` is the id that the check-in began with; everything it caused carries it. */
export interface NewEvent {
  type: EventType
  subject: string
  chain: string
  app?: string | undefined
  /** who or what did it: a user's name, `fairlead`, `git push` */
  actor?: string | undefined
  data?: Record<string, unknown>
}

/** An event as it was stored. `id` grows with the order of commit, without reuse; `time` is ISO 8601 UTC. */
export const storedEvent = z.object({
  id: z.number().int(),
  time: z.string(),
  type: z.string(),
  version: z.string(),
  subject: z.string(),
  chain: z.string(),
  app: z.string().nullable(),
  actor: z.string(),
  data: z.record(z.string(), z.unknown()),
})
export type StoredEvent = z.infer<typeof storedEvent>
