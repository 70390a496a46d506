import type { z } from 'zod'
import { accessEvents } from './access/events.ts'
import { appEvents } from './app/events.ts'
import { changeEvents } from './change/events.ts'
import { configurationEvents } from './configuration/events.ts'
import { deploymentEvents } from './deployment/events.ts'
import { driftEvents } from './drift/events.ts'
import { environmentEvents } from './environment/events.ts'
import type { EventDefinition } from './event/define-event.ts'
import type { Actor } from './event/event.ts'
import { evidenceEvents } from './evidence/events.ts'
import { forgeEvents } from './forge/events.ts'
import { gateEvents } from './gate/events.ts'
import { hostEvents } from './host/events.ts'
import { crashLoopEvents } from './crash-loop/events.ts'
import { incidentEvents } from './incident/events.ts'
import { jobEvents } from './job/events.ts'
import { machineEvents } from './machine/events.ts'
import { alertEvents } from './alert/events.ts'
import { errorEvents } from './error/events.ts'
import { monitorEvents } from './monitor/events.ts'
import { oncallEvents } from './oncall/events.ts'
import { pullRequestEvents } from './pull-request/events.ts'
import { rehearsalEvents } from './rehearsal/events.ts'
import { reviewEvents } from './review/events.ts'
import { runEvents } from './run/events.ts'
import { serverEvents } from './server/events.ts'
import { statusPageEvents } from './status-page/events.ts'
import { scaleEvents } from './scale/events.ts'
import { experimentEvents } from './experiment/events.ts'
import { maintenanceEvents } from './maintenance/events.ts'
import { switchEvents } from './switch/events.ts'
import { verdictEvents } from './verdict/events.ts'
import { webhookEvents } from './webhook/events.ts'

/** Every event that Fairlead emits. Each is declared beside its noun. */
export const events = [
  ...appEvents,
  ...changeEvents,
  ...pullRequestEvents,
  ...runEvents,
  ...gateEvents,
  ...evidenceEvents,
  ...environmentEvents,
  ...deploymentEvents,
  ...crashLoopEvents,
  ...monitorEvents,
  ...statusPageEvents,
  ...switchEvents,
  ...experimentEvents,
  ...maintenanceEvents,
  ...scaleEvents,
  ...alertEvents,
  ...incidentEvents,
  ...reviewEvents,
  ...oncallEvents,
  ...errorEvents,
  ...verdictEvents,
  ...configurationEvents,
  ...rehearsalEvents,
  ...driftEvents,
  ...jobEvents,
  ...machineEvents,
  ...hostEvents,
  ...webhookEvents,
  ...forgeEvents,
  ...accessEvents,
  ...serverEvents,
] as const

type Definition = (typeof events)[number]
export type EventType = Definition['type']
export type EventData<T extends EventType> = z.input<Extract<Definition, { type: T }>['data']>

interface EventHead {
  /** what it is about; `event/subject.ts` lists the forms */
  subject: string
  /** the id that the commit began with; everything that it caused carries it */
  chain: string
  app?: string | undefined
  /** who or what did it; Fairlead itself when left out */
  actor?: Actor | undefined
}
type WithData<D> = {} extends D ? { data?: D } : { data: D }

/** An event about to be appended; its data fits its type. */
export type NewEvent<T extends EventType = EventType> = {
  [K in T]: EventHead & { type: K } & WithData<EventData<K>>
}[T]

/** A new event whose chain is that of the workflow that emits it. */
export type WorkflowEvent<T extends EventType = EventType> = {
  [K in T]: Omit<EventHead, 'chain'> & { type: K } & WithData<EventData<K>>
}[T]

const byType: ReadonlyMap<string, EventDefinition> = new Map(
  events.map((event) => [event.type, event as unknown as EventDefinition]),
)

/** The definition of a type; null for a type of a later version. */
export const eventOf = (type: string): EventDefinition | null => byType.get(type) ?? null

/** The version of a type's schema. */
export const versionOf = (type: EventType): string => byType.get(type)?.version ?? ''
