import { FairleadError } from '#contract/errors.ts'
import type { Caller, SomeHandlers } from '#contract/handler.ts'
import type { Rota } from '#contract/oncall/oncall.ts'
import { createSecret, hashOf } from '#domains/access/secret.ts'
import { listUsers } from '#domains/access/user-store.ts'
import { personOf, readCalendar } from '#domains/oncall/calendar.ts'
import { shiftAt } from '#domains/oncall/shifts.ts'
import * as store from '#domains/oncall/store.ts'
import { appendEvent } from '#engine/events.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import type { Statement } from '#platform/postgres/sql.ts'
import { listRotaViews, overrideOf, rotaView } from './rotas.ts'
import { teamHandlers } from './team-handlers.ts'

export interface OncallHandlersOptions {
  db: Database
  publicUrl: string
  now(): number
  random(bytes: number): Buffer
}

type RotaEndpoints =
  | 'listRotas'
  | 'getRota'
  | 'putRota'
  | 'deleteRota'
  | 'createOverride'
  | 'deleteOverride'
  | 'swapShifts'
  | 'importCalendar'
  | 'createCalendarLink'
type TeamEndpoints = 'listTeams' | 'putTeam' | 'deleteTeam'

const day = 86_400_000
/** Days of a calendar that are imported. */
const importDays = 365

export function oncallHandlers(
  options: OncallHandlersOptions,
): SomeHandlers<RotaEndpoints | TeamEndpoints> {
  const { db, now } = options
  const view = async (name: string): Promise<Rota> => {
    const { zone, layers, modified, now: current, next, problems } = await mustView(db, name, now())
    return { name, zone, layers, modified, now: current, next, problems }
  }
  return {
    listRotas: async () => ({ rotas: await listRotaViews(db, now()) }),
    getRota: ({ params: { rota }, query }) => mustView(db, rota, now(), query),
    putRota: async ({ params: { rota: name }, body }, caller) => {
      const people = [...new Set(body.layers.flatMap((layer) => layer.people))]
      await mustBeUsers(db, people)
      const type = 'dev.cdeventsx.fairlead-rota.modified'
      await db.batch([
        store.putRota(name, body),
        appendEvent({ type, ...ofRota(name, caller), data: { people } }),
      ])
      return view(name)
    },
    deleteRota: async ({ params: { rota: name } }, caller) => {
      await mustGet(db, name)
      const type = 'dev.cdeventsx.fairlead-rota.deleted'
      await db.batch([store.deleteRota(name), appendEvent({ type, ...ofRota(name, caller) })])
      return { done: true }
    },
    ...overrideHandlers(options),
    ...calendarHandlers(options),
    ...teamHandlers(db),
  }
}

function overrideHandlers({
  db,
}: OncallHandlersOptions): SomeHandlers<'createOverride' | 'deleteOverride' | 'swapShifts'> {
  const insert = async (wanted: store.NewOverride[], caller: Caller) => {
    const answers = await db.batch(wanted.flatMap((one) => overrideWith(one, caller)))
    return answers
      .flat()
      .filter((row) => 'person' in row)
      .map((row) => overrideOf(row as unknown as store.OverrideRow))
  }
  return {
    createOverride: async ({ params: { rota }, body }, caller) => {
      await mustGet(db, rota)
      await mustBeUsers(db, [body.person])
      if (Date.parse(body.until) <= Date.parse(body.from))
        throw new FairleadError('invalid_input', {
          field: 'body.until',
          problem: 'must be after `from`',
        })
      const [stored] = await insert([{ ...body, rota, actor: caller.name }], caller)
      return stored!
    },
    deleteOverride: async ({ params: { rota, override: id } }, caller) => {
      const found = (await store.listOverrides(db, rota, 0)).find((one) => one.id === id)
      if (!found) throw new FairleadError('not_found', { kind: 'override', id })
      await db.batch([
        ...store.deleteOverride(rota, id),
        appendEvent({
          type: 'dev.cdeventsx.fairlead-override.deleted',
          ...ofRota(rota, caller),
          data: { person: found.person },
        }),
      ])
      return { done: true }
    },
    swapShifts: async ({ params: { rota }, body }, caller) => {
      const stored = await mustGet(db, rota)
      const [at, otherAt] = [Date.parse(body.one), Date.parse(body.other)]
      const rows = await store.listOverrides(db, rota, Math.min(at, otherAt))
      const overrides = rows.map(store.spanOf)
      const [one, other] = [at, otherAt].map((moment) => shiftAt(stored, overrides, moment))
      if (!one?.person || !other?.person)
        throw new FairleadError('not_now', { why: 'Nobody is on call at one of the moments' })
      if (one.person === other.person)
        throw new FairleadError('not_now', { why: `${one.person} has both shifts` })
      const reason = body.reason || `${one.person} and ${other.person} swap`
      const common = { rota, reason, actor: caller.name }
      const take = (span: { from: number; until: number }, person: string): store.NewOverride => ({
        ...{ ...common, person, from: new Date(span.from).toISOString() },
        until: new Date(span.until).toISOString(),
      })
      const swapped = [take(one, other.person), take(other, one.person)]
      return { overrides: await insert(swapped, caller) }
    },
  }
}

const overrideWith = (wanted: store.NewOverride, caller: Caller): Statement[] => {
  const { rota, person, from, until, reason } = wanted
  return [
    ...store.insertOverride(wanted),
    appendEvent({
      type: 'dev.cdeventsx.fairlead-override.created',
      ...ofRota(rota, caller),
      data: { person, from, until, reason },
    }),
  ]
}

function calendarHandlers({
  db,
  now,
  random,
  publicUrl,
}: OncallHandlersOptions): SomeHandlers<'importCalendar' | 'createCalendarLink'> {
  return {
    importCalendar: async ({ params: { rota }, body }, caller) => {
      await mustGet(db, rota)
      const users = (await listUsers(db)).filter(({ disabled }) => disabled === null)
      const entries = readEntries(body.calendar, now())
      const known = entries.map((entry) => ({ entry, person: personOf(entry, users) }))
      const found = known.flatMap(({ entry: { uid, title, from, until }, person }) =>
        person === null
          ? []
          : store.insertOverride({
              ...{ rota, person, uid, reason: title.slice(0, 500), actor: caller.name },
              ...{ from: new Date(from).toISOString(), until: new Date(until).toISOString() },
            }),
      )
      const count = known.filter(({ person }) => person !== null).length
      await db.batch([
        store.deleteImported(rota, now()),
        ...found,
        appendEvent({
          type: 'dev.cdeventsx.fairlead-rota.imported',
          ...ofRota(rota, caller),
          data: { entries: count },
        }),
      ])
      const unmatched = known.flatMap(({ entry, person }) => (person === null ? [entry.title] : []))
      return { overrides: count, unmatched: [...new Set(unmatched)] }
    },
    createCalendarLink: async ({ params: { rota } }, caller) => {
      await mustGet(db, rota)
      const key = createSecret(random)
      await db.batch([
        store.putCalendar(rota, hashOf(key)),
        appendEvent({
          type: 'dev.cdeventsx.fairlead-rota.shared',
          ...ofRota(rota, caller),
        }),
      ])
      return { url: `${publicUrl}/calendars/${rota}.ics?key=${key}` }
    },
  }
}

function readEntries(text: string, now: number): ReturnType<typeof readCalendar> {
  try {
    return readCalendar(text, { from: now, until: now + importDays * day })
  } catch (error) {
    const { message } = error as Error
    throw new FairleadError('invalid_input', { field: 'body.calendar', problem: message })
  }
}

const ofRota = (rota: string, caller: Caller) => ({
  ...{ subject: `rota/${rota}`, chain: 'server', actor: caller },
})

async function mustGet(db: Database, name: string): Promise<store.StoredRota> {
  const rota = await store.getRota(db, name)
  if (!rota) throw new FairleadError('not_found', { kind: 'rota', id: name })
  return rota
}

async function mustView(
  db: Database,
  name: string,
  now: number,
  { from, days = 28 }: { from?: string | undefined; days?: number } = {},
) {
  const begin = from === undefined ? now : Date.parse(from)
  const view = await rotaView(db, name, now, { from: begin, until: begin + days * day })
  if (!view) throw new FairleadError('not_found', { kind: 'rota', id: name })
  return view
}

async function mustBeUsers(db: Database, people: string[]): Promise<void> {
  const names = new Set((await listUsers(db)).map(({ name }) => name))
  const unknown = people.find((name) => !names.has(name))
  if (unknown !== undefined) throw new FairleadError('not_found', { kind: 'user', id: unknown })
}
