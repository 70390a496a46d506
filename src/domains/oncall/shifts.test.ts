import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Layer, RotaPlan } from '#contract/oncall/oncall.ts'
import { nowAndNext, problemsOf } from './problems.ts'
import { type OverrideSpan, shiftAt, shiftsOf } from './shifts.ts'

const day = 86_400_000
const at = (text: string): number => Date.parse(text)
const layer = (more: Partial<Layer> = {}): Layer => ({
  ...{ people: ['Ada', 'Bob'], start: '2026-01-05T09:00', every: 1, unit: 'weeks', hours: [] },
  ...more,
})
const plan = (...layers: Layer[]): RotaPlan => ({ zone: 'Europe/Vienna', layers })
const words = (
  rota: RotaPlan,
  from: string,
  until: string,
  overrides: OverrideSpan[] = [],
): string[] =>
  shiftsOf(rota, overrides, { from: at(from), until: at(until) }).map(
    (shift) =>
      `${new Date(shift.from).toISOString().slice(0, 16)} ` +
      `${new Date(shift.until).toISOString().slice(0, 16)} ${shift.person ?? 'nobody'}`,
  )

describe('turns', () => {
  test('a handover stays at nine when summer time ends, and the turn is an hour longer', () => {
    expect(words(plan(layer()), '2026-10-20T00:00Z', '2026-11-03T00:00Z')).toEqual([
      '2026-10-19T07:00 2026-10-26T08:00 Bob',
      '2026-10-26T08:00 2026-11-02T08:00 Ada',
      '2026-11-02T08:00 2026-11-09T08:00 Bob',
    ])
  })

  test('turns of twelve hours keep their local hours when summer time begins', () => {
    const halves = plan(layer({ start: '2026-03-28T08:00', every: 12, unit: 'hours' }))
    expect(words(halves, '2026-03-28T19:00Z', '2026-03-29T19:00Z')).toEqual([
      '2026-03-28T19:00 2026-03-29T06:00 Bob',
      '2026-03-29T06:00 2026-03-29T18:00 Ada',
      '2026-03-29T18:00 2026-03-30T06:00 Bob',
    ])
  })

  test('before the first handover nobody is on call', () => {
    expect(words(plan(layer()), '2026-01-04T00:00Z', '2026-01-06T00:00Z')).toEqual([
      '2026-01-04T00:00 2026-01-05T08:00 nobody',
      '2026-01-05T08:00 2026-01-12T08:00 Ada',
    ])
  })

  test('a layer for the night ends on the next day', () => {
    const hours = [{ days: [5], from: '22:00', until: '06:00' }]
    const rota = plan(layer({ people: ['Ada'] }), layer({ people: ['Cy'], hours }))
    expect(words(rota, '2026-06-05T12:00Z', '2026-06-06T12:00Z')).toEqual([
      '2026-06-01T07:00 2026-06-05T20:00 Ada',
      '2026-06-05T20:00 2026-06-06T04:00 Cy',
      '2026-06-06T04:00 2026-06-08T07:00 Ada',
    ])
  })

  test('layers in three zones follow the sun', () => {
    const daily = (person: string, zone: string): Layer =>
      layer({
        ...{ people: [person], zone, start: '2026-01-01T00:00', every: 1, unit: 'days' },
        hours: [{ days: [1, 2, 3, 4, 5, 6, 7], from: '09:00', until: '17:00' }],
      })
    const rota = plan(
      daily('Mei', 'Asia/Singapore'),
      daily('Ada', 'Europe/London'),
      daily('Cy', 'America/Los_Angeles'),
    )
    const who = (time: string) => shiftAt(rota, [], at(time))?.person
    expect(['T02:00Z', 'T10:00Z', 'T18:00Z'].map((time) => who(`2026-01-15${time}`))).toEqual([
      ...['Mei', 'Ada', 'Cy'],
    ])
  })

  test('the newest override wins, and the rest of the shift stays', () => {
    const override = (id: number, person: string, from: string, until: string) => ({
      ...{ id, person, from: at(from), until: at(until) },
    })
    const overrides = [
      override(1, 'Cy', '2026-06-02T00:00Z', '2026-06-04T00:00Z'),
      override(2, 'Dee', '2026-06-03T00:00Z', '2026-06-03T12:00Z'),
    ]
    const rota = plan(layer({ people: ['Ada'] }))
    expect(words(rota, '2026-06-02T00:00Z', '2026-06-05T00:00Z', overrides)).toEqual([
      '2026-06-02T00:00 2026-06-03T00:00 Cy',
      '2026-06-03T00:00 2026-06-03T12:00 Dee',
      '2026-06-03T12:00 2026-06-04T00:00 Cy',
      '2026-06-04T00:00 2026-06-08T07:00 Ada',
    ])
  })
})

const people = fc.array(fc.constantFrom('Ada', 'Bob', 'Cy', 'Dee'), { minLength: 1, maxLength: 4 })
const zone = fc.constantFrom(
  ...['UTC', 'Europe/Vienna', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kathmandu'],
)
const time = fc.nat(1439).map((minute) => new Date(minute * 60_000).toISOString().slice(11, 16))
const anyLayer = fc.record({
  people,
  start: fc.nat(300).map((days) => {
    const date = new Date(at('2026-01-01T00:00Z') + days * day).toISOString().slice(0, 10)
    return `${date}T${String(days % 24).padStart(2, '0')}:30`
  }),
  every: fc.integer({ min: 1, max: 20 }),
  unit: fc.constantFrom('hours' as const, 'days' as const, 'weeks' as const),
  zone,
  hours: fc.array(
    fc.record({
      days: fc.uniqueArray(fc.integer({ min: 1, max: 7 }), { minLength: 1 }),
      ...{ from: time, until: time },
    }),
    { maxLength: 2 },
  ),
})
const anyPlan = fc.record({
  zone,
  layers: fc.array(anyLayer, { minLength: 1, maxLength: 3 }),
})
const begin = at('2026-03-01T00:00Z')
const anyOverrides = fc
  .array(fc.record({ person: fc.constantFrom('Eve', 'Flo'), at: fc.nat(60), days: fc.nat(3) }), {
    maxLength: 3,
  })
  .map((all) =>
    all.map(({ person, at: first, days }, id) => ({
      ...{ id: id + 1, person, from: begin + first * day, until: begin + (first + days) * day },
    })),
  )
const options = { numRuns: 40 }

describe('every rota', () => {
  test('covers the period without gaps and overlaps', () => {
    fc.assert(
      fc.property(anyPlan, anyOverrides, (rota, overrides) => {
        const until = begin + 40 * day
        const shifts = shiftsOf(rota, overrides, { from: begin, until })
        expect(shifts[0]?.from).toBeLessThanOrEqual(begin)
        expect(shifts.at(-1)?.until).toBeGreaterThanOrEqual(until)
        shifts.slice(1).forEach((shift, i) => expect(shift.from).toBe(shifts[i]?.until))
      }),
      options,
    )
  })

  test('has the same person at a moment, whatever period is requested', () => {
    fc.assert(
      fc.property(anyPlan, anyOverrides, fc.nat(40 * 24), (rota, overrides, hours) => {
        const moment = begin + hours * 3_600_000
        const long = shiftsOf(rota, overrides, { from: begin, until: begin + 41 * day })
        const found = long.find(({ from, until }) => from <= moment && moment < until)
        const alone = shiftAt(rota, overrides, moment)
        expect(alone?.person).toBe(found?.person)
        // Times with nobody are cut to the period.
        if (found?.person) expect(alone).toEqual(found)
      }),
      options,
    )
  })

  test('gives a moment to the newest override, or the turn that local time counts', () => {
    fc.assert(
      fc.property(anyPlan, anyOverrides, fc.nat(60 * 24), (rota, overrides, hours) => {
        const moment = begin + hours * 3_600_000
        expect(shiftAt(rota, overrides, moment)?.person ?? null).toBe(
          naive(rota, overrides, moment),
        )
      }),
      { numRuns: 200 },
    )
  })
})

/** The rule again, for one moment and without intervals. */
function naive(rota: RotaPlan, overrides: OverrideSpan[], moment: number): string | null {
  const override = overrides.findLast(({ from, until }) => from <= moment && moment < until)
  if (override) return override.person
  for (const { people: names, start, every, unit, hours, zone: own } of rota.layers.toReversed()) {
    const timeZone = own ?? rota.zone
    const startOf = (turn: number): number =>
      Temporal.PlainDateTime.from(start)
        .add({ [unit]: turn * every })
        .toZonedDateTime(timeZone).epochMilliseconds
    let turn = -1
    while (startOf(turn + 1) <= moment) turn += 1
    if (turn < 0) continue
    const local = Temporal.Instant.fromEpochMilliseconds(moment).toZonedDateTimeISO(timeZone)
    const isOpen = hours.some(({ days, from, until }) =>
      [0, 1].some((ago) => {
        const date = local.toPlainDate().subtract({ days: ago })
        if (!days.includes(date.dayOfWeek)) return false
        const end = until <= from ? date.add({ days: 1 }) : date
        const of = (one: Temporal.PlainDate, plainTime: string): number =>
          one.toZonedDateTime({ timeZone, plainTime }).epochMilliseconds
        return of(date, from) <= moment && moment < of(end, until)
      }),
    )
    if (hours.length === 0 || isOpen) return names[turn % names.length] ?? null
  }
  return null
}

describe('problems', () => {
  const shift = (from: number, person: string | null) => ({
    ...{ from, until: from + 1, person, override: null },
  })
  const known = [
    { name: 'Ada', isEnabled: true, isProven: true },
    { name: 'Bob', isEnabled: true, isProven: false },
    { name: 'Cy', isEnabled: false, isProven: true },
  ]

  test('holes, and each person who cannot be reached once', () => {
    const shifts = [
      ...[shift(0, 'Ada'), shift(1, null), shift(2, 'Bob')],
      ...[shift(3, 'Cy'), shift(4, 'Bob'), shift(5, 'Eve')],
    ]
    expect(problemsOf(shifts, known).map(({ kind, from }) => [kind, from])).toEqual([
      ['hole', 1],
      ['unproven', 2],
      ['unknown', 3],
      ['unknown', 5],
    ])
  })

  test('next is the next other person', () => {
    const shifts = [shift(0, 'Ada'), shift(1, null), shift(2, 'Ada'), shift(3, 'Bob')]
    expect(nowAndNext(shifts, 0)).toMatchObject({ now: { person: 'Ada' }, next: { from: 3 } })
    expect(nowAndNext(shifts, 1)).toMatchObject({ now: null, next: { person: 'Ada' } })
  })
})
