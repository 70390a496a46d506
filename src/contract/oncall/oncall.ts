import { z } from 'zod'
import { name } from '#contract/app/app.ts'

/** The name of a time zone in the IANA database. */
export const zoneName = z
  .string()
  .max(64)
  .refine((text) => {
    try {
      return new Intl.DateTimeFormat('en', { timeZone: text }).resolvedOptions().timeZone !== ''
    } catch {
      return false
    }
  }, 'must be the name of a time zone, such as Europe/Vienna')

const timeOfDay = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be a time such as 09:00')
const personName = z.string().trim().min(1).max(80)

/** Hours of the week. `until` at or before `from` is on the next day. Monday is 1. */
export const hours = z.strictObject({
  days: z.array(z.number().int().min(1).max(7)).min(1).max(7),
  from: timeOfDay,
  until: timeOfDay,
})
export type Hours = z.infer<typeof hours>

export const turnUnits = ['hours', 'days', 'weeks'] as const

/** People who take turns. Times are local times of the zone, also after a change of the clocks. */
export const layer = z.strictObject({
  people: z.array(personName).min(1).max(100),
  /** the first handover */
  start: z
    .string()
    .regex(/^\d{4}-\d\d-\d\dT([01]\d|2[0-3]):[0-5]\d$/, 'must be a time such as 2026-11-30T09:00')
    .refine((text) => isDate(text.slice(0, 10)), 'must be a date that exists'),
  /** the length of a turn, in units */
  every: z.number().int().min(1).max(365).default(1),
  unit: z.enum(turnUnits).default('weeks'),
  /** default: the zone of the rota */
  zone: zoneName.optional(),
  /** the layer applies in these hours only; empty for always */
  hours: z.array(hours).max(21).default([]),
})
export type Layer = z.infer<typeof layer>

const isDate = (text: string): boolean => {
  const date = new Date(`${text}T00:00:00Z`)
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text)
}

export const rotaPlan = z.strictObject({
  zone: zoneName,
  /** a later layer replaces an earlier one where both apply */
  layers: z.array(layer).min(1).max(10),
})
export type RotaPlan = z.infer<typeof rotaPlan>

/** A time in which one person, or nobody, is on call. Times are ISO 8601 UTC. */
export const shift = z.object({
  from: z.string(),
  until: z.string(),
  /** the name of a user; null for a hole */
  person: z.string().nullable(),
  /** the override that it comes from; null for a layer or a hole */
  override: z.number().int().nullable(),
})
export type Shift = z.infer<typeof shift>

export const rotaOverride = z.object({
  id: z.number().int(),
  person: z.string(),
  from: z.string(),
  until: z.string(),
  reason: z.string(),
  actor: z.string(),
})
export type RotaOverride = z.infer<typeof rotaOverride>

/** What is wrong with a rota in the next four weeks. */
export const rotaProblem = z.object({
  /** `hole`: nobody is on call; `unproven`: no channel has worked; `unknown`: no enabled user */
  kind: z.enum(['hole', 'unproven', 'unknown']),
  person: z.string().nullable(),
  /** when it first matters */
  from: z.string(),
  until: z.string(),
})
export type RotaProblem = z.infer<typeof rotaProblem>

export const rota = rotaPlan.extend({
  name,
  modified: z.string(),
  now: shift.nullable(),
  /** the next shift of another person */
  next: shift.nullable(),
  problems: z.array(rotaProblem),
})
export type Rota = z.infer<typeof rota>

export const rotaDetail = rota.extend({
  /** the times of the period that was requested, without gaps */
  shifts: z.array(shift),
  overrides: z.array(rotaOverride),
})
export type RotaDetail = z.infer<typeof rotaDetail>

/** Who gets a message of a step. */
export const escalationTarget = z
  .string()
  .max(90)
  .regex(/^(rota|person|channel):[^\p{Cc}]+$/u, 'must be rota:NAME, person:NAME or channel:NAME')

export const escalation = z.strictObject({
  /** minutes that the people who may have caused the harm have, before the first step */
  suspects: z.number().int().min(0).max(1440).default(5),
  steps: z
    .array(
      z.strictObject({
        notify: z.array(escalationTarget).min(1).max(20),
        /** until the next step, unless somebody acknowledges the alert */
        minutes: z.number().int().min(1).max(1440).default(5),
      }),
    )
    .min(1)
    .max(10),
  /** how often all steps are repeated */
  repeats: z.number().int().min(0).max(9).default(2),
  /** alerts of low urgency wait for these hours; null: they do not wait */
  working: z
    .strictObject({ zone: zoneName, hours: z.array(hours).min(1).max(21) })
    .nullable()
    .default(null),
})
export type Escalation = z.infer<typeof escalation>

/** A team: who gets the alerts of the apps whose `owners` name it. */
export const team = escalation.extend({
  name,
  modified: z.string(),
  /** rotas, users and channels that its steps name and that do not exist */
  missing: z.array(z.string()),
})
export type Team = z.infer<typeof team>

/** How often all steps of a team are repeated, in words. */
export const repeatWords = (repeats: number): string =>
  repeats === 0 ? 'not repeated' : repeats === 1 ? 'repeated once' : `repeated ${repeats} times`

const dayNames = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']

/**
 * Reads hours such as `mon-fri 09:00-17:00`; several are separated by commas. Returns null when the
 * text has another form.
 */
export function readHours(text: string): Hours[] | null {
  const found: Hours[] = []
  for (const part of text.split(',').map((one) => one.trim().toLowerCase())) {
    const [, first = '', last = first, from = '', until = ''] =
      /^([a-z]{3})(?:-([a-z]{3}))? (\d\d:\d\d)-(\d\d:\d\d)$/.exec(part) ?? []
    const [begin, end] = [dayNames.indexOf(first), dayNames.indexOf(last)]
    if (begin < 0 || end < 0) return null
    const count = ((end - begin + 7) % 7) + 1
    const days = Array.from({ length: count }, (_, at) => ((begin + at) % 7) + 1)
    const parsed = hours.safeParse({ days, from, until })
    if (!parsed.success) return null
    found.push(parsed.data)
  }
  return found
}

/** The text that `readHours` reads. */
export const hoursText = (all: readonly Hours[]): string =>
  all
    .flatMap(({ days, from, until }) =>
      runsOf(days).map(([first, last]) => {
        const begin = dayNames[first - 1] ?? ''
        return `${first === last ? begin : `${begin}-${dayNames[last - 1] ?? ''}`} ${from}-${until}`
      }),
    )
    .join(', ')

/** Consecutive days as first and last. */
function runsOf(days: readonly number[]): [number, number][] {
  const runs: [number, number][] = []
  for (const day of [...new Set(days)].toSorted((a, b) => a - b)) {
    const last = runs.at(-1)
    if (last?.[1] === day - 1) last[1] = day
    else runs.push([day, day])
  }
  return runs
}
