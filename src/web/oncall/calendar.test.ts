import { describe, expect, test } from 'vitest'
import type { Shift } from '#contract/oncall/oncall.ts'
import { coloursOf, daysOf, mondayOf, shiftChoices, weeksAfter } from './calendar.ts'

const shift = (from: number, until: number, person: string | null): Shift => ({
  ...{ from: new Date(from).toISOString(), until: new Date(until).toISOString() },
  ...{ person, override: null },
})

describe('the calendar', () => {
  const monday = mondayOf(new Date(2026, 10, 29, 15).getTime())

  test('begins on the Monday before', () => {
    expect(new Date(monday)).toEqual(new Date(2026, 10, 23))
    expect(mondayOf(monday)).toBe(monday)
  })

  test('pages by whole weeks, also over a change of the clocks', () => {
    expect(new Date(weeksAfter(monday, 20))).toEqual(new Date(2027, 3, 12))
    expect(weeksAfter(weeksAfter(monday, -36), 36)).toBe(monday)
  })

  test('splits a shift at midnight', () => {
    const noon = (day: number): number => new Date(2026, 10, day, 12).getTime()
    const days = daysOf([shift(noon(23), noon(25), 'Ada')], monday, 1)
    expect(days.map(({ parts }) => parts.map(({ from, until }) => [from, until]))).toEqual([
      ...[[[0.5, 1]], [[0, 1]], [[0, 0.5]]],
      ...[[], [], [], []],
    ])
  })

  test('offers the shifts that are not over, by a moment in each', () => {
    const iso = (ms: number): string => new Date(ms).toISOString()
    const shifts = [shift(0, 10, 'Ada'), shift(10, 30, 'Bob'), shift(30, 40, null)]
    const choices = shiftChoices([...shifts, shift(40, 50, 'Cy')], 20, (time) => time.slice(-4))
    expect(choices).toEqual({ [iso(20)]: 'Bob, 010Z to 030Z', [iso(40)]: 'Cy, 040Z to 050Z' })
  })

  test('gives each person a colour that does not depend on the order', () => {
    expect(coloursOf(['Bob', 'Ada'])).toEqual(coloursOf(['Ada', 'Bob', 'Bob']))
  })
})
