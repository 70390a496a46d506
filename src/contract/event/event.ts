import { z } from 'zod'

/**
 * The event vocabulary: CDEvents v0.5 types where it has one, `dev.cdeventsx.fairlead-*` where not.
 * The value is the version of the subject's schema: adding a field is a minor version, anything
 * else a new one.
 */
export const eventTypes = {
  'dev.cdevents.repository.created': '0.3.0',
  'dev.cdevents.repository.deleted': '0.3.0',
  'dev.cdevents.change.created': '0.4.0',
  'dev.cdevents.change.updated': '0.3.0',
  'dev.cdevents.change.merged': '0.3.0',
  'dev.cdevents.change.abandoned': '0.3.0',
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
  'dev.cdevents.environment.deleted': '0.3.0',
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
  'dev.cdeventsx.fairlead-verdict.promoterequested': '0.1.0',
  'dev.cdeventsx.fairlead-deployment.watched': '0.1.0',
  'dev.cdeventsx.fairlead-change.held': '0.1.0',
  'dev.cdeventsx.fairlead-change.released': '0.1.0',
  'dev.cdeventsx.fairlead-gate.finished': '0.1.0',
  'dev.cdeventsx.fairlead-waiver.created': '0.1.0',
  'dev.cdeventsx.fairlead-waiver.ended': '0.1.0',
  'dev.cdeventsx.fairlead-evidence.signed': '0.1.0',
  'dev.cdeventsx.fairlead-signingkey.created': '0.1.0',
  'dev.cdeventsx.fairlead-configuration.changed': '0.1.0',
  'dev.cdeventsx.fairlead-token.created': '0.1.0',
  'dev.cdeventsx.fairlead-token.revoked': '0.1.0',
  'dev.cdeventsx.fairlead-session.created': '0.2.0',
  'dev.cdeventsx.fairlead-session.ended': '0.1.0',
  'dev.cdeventsx.fairlead-session.refused': '0.1.0',
  'dev.cdeventsx.fairlead-link.created': '0.1.0',
  'dev.cdeventsx.fairlead-user.created': '0.1.0',
  'dev.cdeventsx.fairlead-user.changed': '0.1.0',
  'dev.cdeventsx.fairlead-user.deleted': '0.1.0',
  'dev.cdeventsx.fairlead-request.refused': '0.1.0',
  'dev.cdeventsx.fairlead-webhook.created': '0.1.0',
  'dev.cdeventsx.fairlead-webhook.deleted': '0.1.0',
  'dev.cdeventsx.fairlead-webhook.missed': '0.1.0',
  'dev.cdeventsx.fairlead-webhook.replayed': '0.1.0',
  'dev.cdeventsx.fairlead-forge.created': '0.1.0',
  'dev.cdeventsx.fairlead-forge.deleted': '0.1.0',
  'dev.cdeventsx.fairlead-deployment.decided': '0.1.0',
  'dev.cdeventsx.fairlead-pullrequest.approved': '0.1.0',
  'dev.cdeventsx.fairlead-pullrequest.requested': '0.1.0',
  'dev.cdeventsx.fairlead-key.rotated': '0.1.0',
  'dev.cdeventsx.fairlead-server.started': '0.1.0',
  'dev.cdeventsx.fairlead-workflow.broken': '0.1.0',
  'dev.cdeventsx.fairlead-workflow.takenover': '0.1.0',
  'dev.cdeventsx.fairlead-step.repeated': '0.1.0',
} as const satisfies Record<string, string>

export type EventType = keyof typeof eventTypes

/** By what the actor of an event was known, and from where. */
export const by = z.object({
  /**
   * a session of the console, a token, the file of this machine, a link, the OpenID provider, or a
   * forge's webhook
   */
  credential: z.enum(['session', 'token', 'machine', 'link', 'provider', 'webhook']),
  /** what the credential is called, where it has a name: that of the token */
  name: z.string().optional(),
  address: z.string().nullable(),
  /** whom it acted for, where that is not the actor: who pushed at the forge, as the forge says */
  onBehalfOf: z.string().optional(),
})
export type By = z.infer<typeof by>

/**
 * Who did something: Fairlead itself by its name alone, and whoever sent a request with what they
 * were known by.
 */
export type Actor = string | { name: string; by: By }

export const nameOfActor = (actor: Actor): string =>
  typeof actor === 'string' ? actor : actor.name

/**
 * An event about to be appended. `chain` is the id that the check-in began with; everything it
 * caused carries it.
 */
export interface NewEvent {
  type: EventType
  subject: string
  chain: string
  app?: string | undefined
  /** who or what did it; Fairlead itself, when left out */
  actor?: Actor | undefined
  data?: Record<string, unknown>
}

/**
 * An event as it was stored. `id` grows with the order of commit, without reuse; `time` is ISO 8601
 * UTC.
 */
export const storedEvent = z.object({
  id: z.number().int(),
  time: z.string(),
  type: z.string(),
  version: z.string(),
  subject: z.string(),
  chain: z.string(),
  app: z.string().nullable(),
  actor: z.string(),
  /** null for what Fairlead did by itself, and for events from before this was kept */
  by: by.nullable(),
  data: z.record(z.string(), z.unknown()),
})
export type StoredEvent = z.infer<typeof storedEvent>
