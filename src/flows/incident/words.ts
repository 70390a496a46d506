import type { Actor } from '#contract/event/event.ts'
import { describeEvent } from '#contract/event/describe.ts'
import type { StoredEvent } from '#contract/event/event.ts'
import type { Incident, IncidentEntry } from '#contract/incident/incident.ts'
import type { SentMessage } from '#views/incident.ts'

/** The head of an event of an incident. */
export const headOf = ({ id, app }: Pick<Incident, 'id' | 'app'>, actor?: Actor) => ({
  ...{ subject: `incident/${id}`, chain: app === null ? 'server' : `app/${app}` },
  ...(app === null ? {} : { app }),
  ...(actor === undefined ? {} : { actor }),
})

/** The data that every event of an incident has. */
export const factsOf = ({
  environment,
  service,
  title,
  severity,
}: Pick<Incident, 'environment' | 'service' | 'title' | 'severity'>) => ({
  ...{ environment, service, title, severity },
})

/** The timeline from events and messages, oldest first. */
export function timelineOf(events: StoredEvent[], messages: SentMessage[]): IncidentEntry[] {
  return [...events.map(entryOf), ...messages.map(messageEntry)].toSorted(
    (a, b) => Date.parse(a.time) - Date.parse(b.time),
  )
}

function entryOf(event: StoredEvent): IncidentEntry {
  const { time, actor, type, data } = event
  const { tone, text, page } = describeEvent(event)
  const note = type === 'dev.cdeventsx.fairlead-incident.noted' ? data['text'] : undefined
  return typeof note === 'string'
    ? { kind: 'note', time, tone, actor, text: note, page: null }
    : { kind: 'event', time, tone, actor, text, page }
}

function messageEntry({
  time,
  alert,
  channel,
  person,
  kind,
  state,
  problem,
}: SentMessage): IncidentEntry {
  const what = {
    opened: `alert ${alert} had opened`,
    acted: `Fairlead had acted on alert ${alert}`,
    resolved: `alert ${alert} was over`,
  }[kind]
  const to = person === null ? `the channel ${channel}` : `${person} on ${channel}`
  const text =
    state === 'sent'
      ? `Told ${to} that ${what}`
      : `Could not tell ${to} that ${what}: ${problem ?? 'it was not accepted'}`
  const tone = state === 'sent' ? 'fact' : 'bad'
  return { kind: 'message', time, tone, actor: 'fairlead', text, page: `/alerts/${alert}` }
}
