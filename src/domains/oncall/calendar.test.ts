import ICAL from 'ical.js'
import { describe, expect, test } from 'vitest'
import { personOf, readCalendar, writeCalendar } from './calendar.ts'

const at = (text: string): number => Date.parse(text)
const shift = (from: string, until: string, person: string | null) => ({
  ...{ from: at(from), until: at(until), person, override: null },
})
const period = { from: at('2026-01-01T00:00Z'), until: at('2026-12-31T00:00Z') }

describe('a calendar that is written', () => {
  const shifts = [
    shift(
      '2026-06-01T07:00Z',
      '2026-06-08T07:00Z',
      'Ada; Lady, of Löwenherz-Gräfenberg zu Österreich',
    ),
    shift('2026-06-08T07:00Z', '2026-06-09T07:00Z', null),
    shift('2026-06-09T07:00Z', '2026-06-15T07:00Z', 'Bob'),
  ]
  const text = writeCalendar('primary', 'fairlead.test', at('2026-05-01T00:00Z'), shifts)

  test('is read by ical.js with the same times, people and stable UIDs', () => {
    const root = new ICAL.Component(ICAL.parse(text) as unknown as string)
    const events = root.getAllSubcomponents('vevent').map((one) => new ICAL.Event(one))
    expect(
      events.map(({ uid, summary, startDate, endDate }) => [
        ...[uid, summary, startDate.toJSDate().toISOString(), endDate.toJSDate().getTime()],
      ]),
    ).toEqual([
      [
        'primary-20260601T070000Z@fairlead.test',
        'Ada; Lady, of Löwenherz-Gräfenberg zu Österreich is on call (primary)',
        ...['2026-06-01T07:00:00.000Z', at('2026-06-08T07:00Z')],
      ],
      [
        'primary-20260609T070000Z@fairlead.test',
        'Bob is on call (primary)',
        ...['2026-06-09T07:00:00.000Z', at('2026-06-15T07:00Z')],
      ],
    ])
  })

  test('has lines of at most 75 octets that end with CRLF', () => {
    const lines = text.split('\r\n')
    expect(Math.max(...lines.map((line) => Buffer.byteLength(line)))).toBeLessThanOrEqual(75)
    expect(text.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/)
  })

  test('keeps the UID of a shift that another person takes', () => {
    const taken = [{ ...shifts[0]!, person: 'Cy' }]
    const uid = (all: string) => /^UID:.*$/m.exec(all)?.[0]
    expect(uid(writeCalendar('primary', 'fairlead.test', 0, taken))).toBe(uid(text))
  })

  test('is imported again', () => {
    expect(readCalendar(text, period).map(({ from, until }) => [from, until])).toEqual([
      [shifts[0]?.from, shifts[0]?.until],
      [shifts[2]?.from, shifts[2]?.until],
    ])
  })
})

const calendar = (...lines: string[]): string =>
  ['BEGIN:VCALENDAR', 'VERSION:2.0', ...lines, 'END:VCALENDAR'].join('\r\n')
const vienna = [
  ...['BEGIN:VTIMEZONE', 'TZID:Vienna', 'BEGIN:DAYLIGHT', 'DTSTART:19700329T020000'],
  ...['TZOFFSETFROM:+0100', 'TZOFFSETTO:+0200', 'RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU'],
  ...['END:DAYLIGHT', 'BEGIN:STANDARD', 'DTSTART:19701025T030000', 'TZOFFSETFROM:+0200'],
  ...['TZOFFSETTO:+0100', 'RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU', 'END:STANDARD'],
  'END:VTIMEZONE',
]

describe('a calendar that is read', () => {
  test('repeats entries in their zone, with exceptions, without cancelled ones', () => {
    const text = calendar(
      ...vienna,
      ...['BEGIN:VEVENT', 'UID:1', 'SUMMARY:Ada', 'DTSTART;TZID=Vienna:20261012T090000'],
      ...['DTEND;TZID=Vienna:20261013T090000', 'RRULE:FREQ=WEEKLY;COUNT=3', 'END:VEVENT'],
      ...['BEGIN:VEVENT', 'UID:1', 'SUMMARY:Bob', 'RECURRENCE-ID;TZID=Vienna:20261019T090000'],
      ...['DTSTART;TZID=Vienna:20261020T090000', 'DTEND;TZID=Vienna:20261021T090000', 'END:VEVENT'],
      ...['BEGIN:VEVENT', 'UID:2', 'STATUS:CANCELLED', 'DTSTART:20261012T090000Z', 'END:VEVENT'],
    )
    const found = readCalendar(text, period).map(({ title, from }) => [
      title,
      new Date(from).toISOString(),
    ])
    expect(found).toEqual([
      ['Ada', '2026-10-12T07:00:00.000Z'],
      ['Bob', '2026-10-20T07:00:00.000Z'],
      ['Ada', '2026-10-26T08:00:00.000Z'],
    ])
  })

  test.each(['', 'hello', 'BEGIN:VCARD\r\nEND:VCARD', 'BEGIN:VCALENDAR\r\nBEGIN:VEVENT'])(
    'refuses %j with one sentence',
    (text) => {
      expect(() => readCalendar(text, period)).toThrow(/^must be an iCalendar file/)
    },
  )

  test('names the person by the address of an attendee, or by the title', () => {
    const users = [
      { name: 'Ada', email: 'ada@example.com' },
      { name: 'Ada Lovelace', email: null },
    ]
    const person = (title: string, ...emails: string[]) => personOf({ title, emails }, users)
    expect(person('On call', 'ADA@example.com')).toBe('Ada')
    expect(person('On call: Ada Lovelace (primary)')).toBe('Ada Lovelace')
    expect(person('Adaptation of the rota')).toBeNull()
  })
})
