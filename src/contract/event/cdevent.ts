import { z } from 'zod'
import { eventOf } from '#contract/events.ts'
import { viewOf } from './describe.ts'
import type { StoredEvent } from './event.ts'
import { packageUrl } from './words.ts'

/** The version of the specification: https://github.com/cdevents/spec/tree/v0.5.1 */
export const cdEventsVersion = '0.5.1'

/**
 * An event as CDEvents writes it. Types without a place in its vocabulary are custom events of the
 * tool `fairlead`: https://github.com/cdevents/spec/tree/v0.5.1/custom
 */
export const cdEvent = z.object({
  context: z.object({
    specversion: z.literal(cdEventsVersion),
    /** the id of the stored event; pass the last one as `after` to go on */
    id: z.string(),
    /** the address of this installation */
    source: z.string(),
    /** with the version of its schema, such as `dev.cdevents.change.merged.0.3.0` */
    type: z.string(),
    timestamp: z.string(),
    chainId: z.string(),
  }),
  subject: z.object({
    id: z.string(),
    source: z.string(),
    content: z.record(z.string(), z.unknown()),
  }),
  /** the app, the actor, and the event's own data */
  customData: z.record(z.string(), z.unknown()),
})
export type CdEvent = z.infer<typeof cdEvent>

/** Converts a stored event. `url` is the address of this installation. */
export function toCdEvent(event: StoredEvent, url: string): CdEvent {
  const { id, type, version, time, chain, subject, app, actor, data } = event
  const definition = eventOf(type)
  const isCustom = type.startsWith('dev.cdeventsx.')
  const content = isCustom
    ? data
    : (definition?.content?.(viewOf(definition, event), { url }) ?? {})
  return {
    context: {
      specversion: cdEventsVersion,
      id: String(id),
      source: url,
      type: `${type}.${version}`,
      timestamp: time,
      chainId: chain,
    },
    subject: { id: subjectId(subject, app), source: url, content },
    customData: { app, actor, ...(isCustom ? {} : data) },
  }
}

/** CDEvents names an artifact by a package URL; a change is named by its commit. */
function subjectId(subject: string, app: string | null): string {
  const [kind, id = ''] = subject.split('/')
  if (kind === 'artifact') return packageUrl(app, id)
  return kind === 'change' ? id : subject
}
