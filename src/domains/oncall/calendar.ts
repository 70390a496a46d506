import ICAL from 'ical.js'
import type { ShiftSpan } from './shifts.ts'

const stamp = (time: number): string =>
  new Date(time).toISOString().replace(/[-:]/g, '').replace(/\.\d+/, '')

const escape = (text: string): string =>
  text.replace(/[\\;,]/g, String.raw`\$&`).replace(/\r\n?|\n/g, String.raw`\n`)

/** A content line has at most 75 octets; a longer one continues after a space (RFC 5545, 3.1). */
function fold(line: string): string {
  const lines: string[] = []
  let current = ''
  let size = 0
  for (const character of line) {
    const bytes = Buffer.byteLength(character)
    if (size + bytes > 74) {
      lines.push(current)
      current = ''
      size = 0
    }
    current += character
    size += bytes
  }
  return [...lines, current].join('\r\n ')
}

/**
 * Shifts as iCalendar (RFC 5545). The UID of an entry names the rota and the beginning of the
 * shift, so a calendar updates an entry whose person or end changes. `modified` is in milliseconds.
 */
export function writeCalendar(
  rota: string,
  host: string,
  modified: number,
  shifts: readonly ShiftSpan[],
): string {
  const entries = shifts.flatMap(({ from, until, person }) =>
    person === null
      ? []
      : [
          'BEGIN:VEVENT',
          `UID:${rota}-${stamp(from)}@${host}`,
          `DTSTAMP:${stamp(modified)}`,
          `SEQUENCE:${Math.floor(modified / 1000) % 2 ** 31}`,
          `DTSTART:${stamp(from)}`,
          `DTEND:${stamp(until)}`,
          `SUMMARY:${escape(`${person} is on call (${rota})`)}`,
          'TRANSP:TRANSPARENT',
          'END:VEVENT',
        ],
  )
  return [
    ...['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//Fairlead//On-call//EN', 'METHOD:PUBLISH'],
    ...[`X-WR-CALNAME:${escape(`On call: ${rota}`)}`, 'REFRESH-INTERVAL;VALUE=DURATION:PT1H'],
    ...entries,
    'END:VCALENDAR',
    '',
  ]
    .map(fold)
    .join('\r\n')
}

/** An entry of a calendar, as one occurrence. */
export interface CalendarEntry {
  uid: string
  title: string
  /** addresses of attendees, without `mailto:` */
  emails: string[]
  from: number
  until: number
}

/** Occurrences of one repeated entry that are read at most. */
const mostOccurrences = 1000

/**
 * Reads the entries of an iCalendar file that overlap a period (milliseconds), with repeated ones.
 * Throws one sentence when the text is not iCalendar.
 */
export function readCalendar(
  text: string,
  { from, until }: { from: number; until: number },
): CalendarEntry[] {
  const root = parse(text)
  for (const zone of root.getAllSubcomponents('vtimezone')) ICAL.TimezoneService.register(zone)
  const events = root
    .getAllSubcomponents('vevent')
    .filter((one) => one.getFirstPropertyValue('status') !== 'CANCELLED')
    .map((one) => new ICAL.Event(one))
  const found: CalendarEntry[] = []
  for (const event of events) {
    // Changed occurrences belong to the entry that repeats.
    if (event.isRecurrenceException() || !event.startDate) continue
    for (const exception of events)
      if (exception.isRecurrenceException() && exception.uid === event.uid)
        event.relateException(exception)
    for (const { item, begin, end } of occurrencesOf(event, until))
      if (begin < until && end > from) found.push({ ...entryOf(item), from: begin, until: end })
  }
  return found
}

function parse(text: string): ICAL.Component {
  try {
    const parsed: unknown = ICAL.parse(text)
    const root = new ICAL.Component(parsed as string)
    if (root.name === 'vcalendar') return root
  } catch {
    // The sentence below says what is needed.
  }
  throw new Error('must be an iCalendar file, which begins with BEGIN:VCALENDAR')
}

function* occurrencesOf(
  event: ICAL.Event,
  until: number,
): Generator<{ item: ICAL.Event; begin: number; end: number }> {
  const ms = (time: ICAL.Time): number => time.toJSDate().getTime()
  if (!event.isRecurring()) {
    yield { item: event, begin: ms(event.startDate), end: ms(event.endDate) }
    return
  }
  const iterator = event.iterator()
  for (let count = 0; count < mostOccurrences; count += 1) {
    const next = iterator.next() as ICAL.Time | null
    if (!next || ms(next) >= until) return
    const { item, startDate, endDate } = event.getOccurrenceDetails(next)
    yield { item, begin: ms(startDate), end: ms(endDate) }
  }
}

const entryOf = (event: ICAL.Event): Pick<CalendarEntry, 'uid' | 'title' | 'emails'> => ({
  uid: String(event.uid ?? ''),
  title: String(event.summary ?? ''),
  emails: event.attendees.flatMap((attendee) => {
    const value = String(attendee.getFirstValue() ?? '')
    return /^mailto:/i.test(value) ? [value.slice(7)] : []
  }),
})

/** The user that an entry is about: an attendee, or the longest name that its title contains. */
export function personOf(
  { title, emails }: Pick<CalendarEntry, 'title' | 'emails'>,
  users: readonly { name: string; email: string | null }[],
): string | null {
  const has = (email: string | null): boolean =>
    email !== null && emails.some((one) => one.toLowerCase() === email.toLowerCase())
  const attendee = users.find(({ email }) => has(email))
  if (attendee) return attendee.name
  const words = ` ${title.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, ' ')} `
  const named = users.filter(({ name }) =>
    words.includes(` ${name.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, ' ')} `),
  )
  return named.toSorted((a, b) => b.name.length - a.name.length)[0]?.name ?? null
}
