import type { z } from 'zod'
import { eventOf } from '#contract/events.ts'
import type { EventDefinition, EventTone, EventView } from './define-event.ts'
import type { StoredEvent } from './event.ts'
import { pageOf } from './subject.ts'
import { capitalized } from './words.ts'

export interface Description {
  tone: EventTone
  /** one sentence without its full stop */
  text: string
  /** the console's page on it; null when there is none */
  page: string | null
}

/** The type without its vocabulary: `service.deployed`, `deployment.waiting`. */
export const shortType = (type: string): string =>
  type.replace(/^dev\.cdevents\.|^dev\.cdeventsx\.fairlead-/, '')

/** The text for a type that this version does not know: the server may be newer than its reader. */
export const unknownEventText = ({
  type,
  subject,
}: Pick<StoredEvent, 'type' | 'subject'>): string =>
  `Unknown event ${shortType(type)} of ${subject}`

/** Describes a stored event by the definition of its type. */
export function describeEvent(event: StoredEvent): Description {
  const definition = eventOf(event.type)
  if (definition === null)
    return { tone: 'fact', text: unknownEventText(event), page: pageOf(event) }
  const view = viewOf(definition, event)
  const { tone } = definition
  return {
    tone: typeof tone === 'string' ? tone : tone(view.data),
    text: asWritten(definition.sentence(view), event),
    page: definition.page ? definition.page(view) : pageOf(event),
  }
}

/** Names that Fairlead gives to itself and to its machine. */
const ownNames = ['fairlead', 'schedule', 'this machine', 'nobody']

/** A sentence that begins with a capital letter, or with the name of a person as it is written. */
function asWritten(sentence: string, { actor, data }: Pick<StoredEvent, 'actor' | 'data'>): string {
  const isPerson = [actor, data['author']].some(
    (name) => typeof name === 'string' && !ownNames.includes(name) && sentence.startsWith(name),
  )
  return isPerson ? sentence : capitalized(sentence)
}

/**
 * The event with those fields of its data that fit the definition: an older or a newer version may
 * have stored others.
 */
export function viewOf(definition: EventDefinition, event: StoredEvent): EventView {
  const { subject, app, actor, by } = event
  const fields = Object.entries(definition.data.shape).flatMap(([name, field]) => {
    const { success, data } = (field as z.ZodType).safeParse(event.data[name])
    return success && data !== undefined ? [[name, data] as const] : []
  })
  const id = subject.split('/').at(-1) ?? subject
  return { subject, id, app, actor, by, data: Object.fromEntries(fields) }
}
