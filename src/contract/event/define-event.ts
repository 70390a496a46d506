import { z } from 'zod'
import type { By } from './event.ts'

/** The icon and colour that the console shows an event with. */
export type EventTone =
  | 'good'
  | 'bad'
  | 'warn'
  | 'move'
  | 'wait'
  | 'unknown'
  | 'passed-over'
  | 'stopped'
  | 'back'
  | 'fact'

/**
 * A stored event, as its definition describes it. Fields of `data` are optional, because an older
 * version may have stored fewer of them.
 */
export interface EventView<S extends z.ZodRawShape = z.ZodRawShape> {
  /** see `subject.ts` */
  subject: string
  /** the last part of the subject: the id or the name */
  id: string
  app: string | null
  actor: string
  by: By | null
  data: Partial<z.output<z.ZodObject<S>>>
}

/** What the content of a CDEvent is built from besides the event. */
export interface CdEventSource {
  /** the address of this installation, without a slash at its end */
  url: string
}

/** The type of an event, and everything that is shown or checked by it. */
export interface EventSpec<T extends string, S extends z.ZodRawShape> {
  /**
   * The type of CDEvents v0.5 where it has one, otherwise
   * `dev.cdeventsx.fairlead-SUBJECT.PREDICATE`.
   */
  type: T
  /**
   * The version of the type's schema. A new optional field is a minor version, any other change a
   * major one. For a type of CDEvents it is CDEvents' version, and own fields are custom data.
   */
  version: string
  /** The fields of `data`. */
  data: S
  /** One sentence without its full stop. It must also work when `data` has no field. */
  sentence(event: EventView<S>): string
  tone: EventTone | ((data: EventView<S>['data']) => EventTone)
  /** The console's page on it, where that is not the page of its subject. */
  page?(event: EventView<S>): string | null
  /** The content of the CDEvent's subject; only for the types of CDEvents. */
  content?(event: EventView<S>, source: CdEventSource): Record<string, unknown>
  /** An event as it is emitted, for tests and documentation. */
  example: {
    subject: string
    app: string | null
    actor?: string
    data: z.input<z.ZodObject<S>>
  }
}

export interface EventDefinition<
  T extends string = string,
  S extends z.ZodRawShape = z.ZodRawShape,
> extends Omit<EventSpec<T, S>, 'data'> {
  /** Refuses unknown fields. */
  data: z.ZodObject<S, z.core.$strict>
}

/** Declares an event beside its noun; `src/contract/events.ts` lists all of them. */
export const defineEvent = <const T extends string, S extends z.ZodRawShape>(
  spec: EventSpec<T, S>,
): EventDefinition<T, S> => ({ ...spec, data: z.strictObject(spec.data) })
