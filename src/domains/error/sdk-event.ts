import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { ErrorDetails, Exception, Frame } from '#contract/error/error.ts'
import { plainPath } from './paths.ts'
import { isOwnFrame } from './own-frame.ts'
import { scrub, scrubText } from './scrub.ts'

/** What an SDK of Sentry sent, as far as Fairlead uses it. */
export interface SdkEvent {
  /** milliseconds; null when the event has no time */
  time: number | null
  language: string
  release: string | null
  environment: string | null
  server: string | null
  /** the group that the SDK states */
  fingerprint: string[] | null
  person: Buffer | null
  details: ErrorDetails
}

/** Parts of an event that are kept. */
const limits = { exceptions: 8, frames: 100, breadcrumbs: 50, tags: 40, text: 2000, short: 300 }

/** Reads a field in any form; what does not fit is null. */
const lenient = <T extends z.ZodType>(schema: T) => schema.nullish().catch(null)
const text = lenient(z.coerce.string())
const whole = lenient(z.number().int())
const moment = lenient(z.union([z.number(), z.string()]))

const frameSchema = z.object({
  function: text,
  module: text,
  filename: text,
  abs_path: text,
  lineno: whole,
  colno: whole,
  in_app: lenient(z.boolean()),
})
const exceptionSchema = z.object({
  type: text,
  value: text,
  mechanism: lenient(z.object({ handled: lenient(z.boolean()) })),
  stacktrace: lenient(z.object({ frames: lenient(z.array(frameSchema)) })),
})
const breadcrumbSchema = z.object({
  timestamp: moment,
  category: text,
  level: text,
  message: text,
  type: text,
  data: lenient(z.record(z.string(), z.unknown())),
})
/** Lists of an older form are objects with `values`. */
const list = <T extends z.ZodType>(item: T) =>
  lenient(
    z.union([z.array(item), z.object({ values: z.array(item) }).transform(({ values }) => values)]),
  )
const eventSchema = z.object({
  timestamp: moment,
  platform: text,
  release: text,
  environment: text,
  server_name: text,
  transaction: text,
  message: lenient(z.union([z.string(), z.object({ formatted: text, message: text })])),
  logentry: lenient(z.object({ formatted: text, message: text })),
  level: text,
  fingerprint: lenient(z.array(z.coerce.string())),
  exception: list(exceptionSchema),
  threads: list(
    z.object({ crashed: lenient(z.boolean()), stacktrace: exceptionSchema.shape.stacktrace }),
  ),
  breadcrumbs: list(breadcrumbSchema),
  request: lenient(z.object({ method: text, url: text })),
  user: lenient(z.object({ id: text, email: text, username: text, ip_address: text })),
  tags: lenient(
    z.union([
      z.record(z.string(), text),
      z.array(z.tuple([z.string(), text])).transform(Object.fromEntries),
    ]),
  ),
})
type Event = z.infer<typeof eventSchema>

/**
 * Reads an event of Sentry's protocol. Personal data and secrets are removed; a person is only a
 * hash with `app`. Null when it is neither an exception nor a message.
 */
export function readSdkEvent(payload: unknown, app: string): SdkEvent | null {
  const event = eventSchema.safeParse(payload).data
  if (!event) return null
  const language = (event.platform ?? 'other').slice(0, 40)
  const exceptions = exceptionsOf(event, language)
  if (exceptions.length === 0) return null
  const handled = event.exception?.at(-1)?.mechanism?.handled
  return {
    ...{ language, time: timeOf(event.timestamp) },
    release: event.release?.slice(0, 200) ?? null,
    environment: event.environment?.slice(0, 64) ?? null,
    server: event.server_name?.slice(0, 200) ?? null,
    fingerprint: event.fingerprint?.length ? event.fingerprint.slice(0, 20) : null,
    person: personOf(event, app),
    details: {
      exceptions,
      breadcrumbs: (event.breadcrumbs ?? []).slice(-limits.breadcrumbs).map(breadcrumbOf),
      request: requestOf(event),
      tags: tagsOf(event),
      isHandled: handled ?? null,
    },
  }
}

/** The exception that was thrown last comes last in the protocol; frames the outermost first. */
function exceptionsOf(event: Event, language: string): Exception[] {
  const found = (event.exception ?? [])
    .slice(-limits.exceptions)
    .toReversed()
    .map(({ type, value, stacktrace }) => ({
      type: (type ?? 'Error').slice(0, 200),
      message: scrubText((value ?? '').slice(0, limits.text)),
      frames: framesOf(stacktrace?.frames ?? [], language),
    }))
  if (found.length > 0) return found
  const { message } = event
  const words = typeof message === 'string' ? message : (message?.formatted ?? message?.message)
  const said = words ?? event.logentry?.formatted ?? event.logentry?.message ?? null
  if (said === null) return []
  const type = event.level ?? 'message'
  return [{ type, message: scrubText(said.slice(0, limits.text)), frames: [] }]
}

const framesOf = (frames: z.infer<typeof frameSchema>[], language: string): Frame[] =>
  frames
    .slice(-limits.frames)
    .toReversed()
    .map((one) => {
      const raw = {
        function: nameOf(one)?.slice(0, limits.short) ?? null,
        file: fileOf(one, language),
        line: one.lineno ?? null,
        column: one.colno ?? null,
      }
      return { ...raw, isOwn: one.in_app !== false && isOwnFrame(language, raw) }
    })

const nameOf = ({ function: name, module }: z.infer<typeof frameSchema>): string | null =>
  module && name && /^[a-z]\w*(\.\w+)+$/i.test(module) && !name.startsWith(module)
    ? name
    : (name ?? null)

/** The path relative to the app if the SDK knows it, otherwise the absolute one. */
function fileOf(
  { filename, abs_path: path, module }: z.infer<typeof frameSchema>,
  language: string,
): string | null {
  const named = filename ?? path
  if (!named) return null
  // Java names only the file; its folder is the package.
  const folder = language === 'java' ? (module?.split('.').slice(0, -1).join('/') ?? '') : ''
  const plain = plainPath(path && /\/(unpacked|releases|workspace)\//.test(path) ? path : named)
  return folder === '' || plain.includes('/') ? plain : `${folder}/${plain}`
}

function breadcrumbOf(one: z.infer<typeof breadcrumbSchema>) {
  const data = one.data ? JSON.stringify(scrub(one.data)) : ''
  const time = timeOf(one.timestamp)
  return {
    time: time === null ? null : new Date(time).toISOString(),
    category: (one.category ?? one.type ?? '').slice(0, 100),
    level: (one.level ?? 'info').slice(0, 20),
    message: [scrubText(one.message ?? ''), data].filter(Boolean).join(' ').slice(0, limits.short),
  }
}

function requestOf({ request, transaction }: Event): string | null {
  const url = request?.url ? request.url.split('?')[0] : null
  const named = url ? [request?.method, url].filter(Boolean).join(' ') : transaction
  return named ? scrubText(named.slice(0, limits.short)) : null
}

function tagsOf({ tags }: Event): Record<string, string> {
  const entries = Object.entries(tags ?? {}) as [string, string | null | undefined][]
  const kept = entries.slice(0, limits.tags).map(([name, value]) => {
    const shown = scrub(value ?? '', name)
    return [name.slice(0, 60), String(shown).slice(0, limits.short)]
  })
  return Object.fromEntries(kept) as Record<string, string>
}

/** A hash, so that people can be counted and are not known. */
function personOf({ user }: Event, app: string): Buffer | null {
  const name = user?.id || user?.email || user?.username || user?.ip_address
  if (!name || name === '{{auto}}') return null
  return createHash('sha256').update(`${app}\0${name}`).digest().subarray(0, 12)
}

/** Milliseconds since 1970; null for what is no time before the year 10,000. */
function timeOf(value: number | string | null | undefined): number | null {
  const time = typeof value === 'string' ? Date.parse(value) : (value ?? Number.NaN) * 1000
  return time >= 0 && time < 253_402_300_800_000 ? Math.round(time) : null
}
