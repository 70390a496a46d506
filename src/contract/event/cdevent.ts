import { eventOf } from '#contract/events.ts'
import { type CdEvent, cdEventsVersion } from './cdevent-schema.ts'
import { viewOf } from './describe.ts'
import type { StoredEvent } from './event.ts'
import { packageUrl } from './words.ts'

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
