import type { Shift } from '#contract/oncall/oncall.ts'

/** A part of a shift on one calendar day of the browser. */
export interface DayPart {
  /** share of the day, 0 to 1 */
  from: number
  until: number
  shift: Shift
}

export interface CalendarDay {
  /** local midnight, in milliseconds */
  at: number
  parts: DayPart[]
}

/** The Monday before a moment, at local midnight. */
export function mondayOf(now: number): number {
  const date = new Date(now)
  date.setHours(0, 0, 0, 0)
  date.setDate(date.getDate() - ((date.getDay() + 6) % 7))
  return date.getTime()
}

/** Local midnight some weeks later, or earlier when negative. */
export function weeksAfter(monday: number, weeks: number): number {
  const date = new Date(monday)
  date.setDate(date.getDate() + weeks * 7)
  return date.getTime()
}

/** Splits shifts into the local days of some weeks. A day can have 23 or 25 hours. */
export function daysOf(shifts: readonly Shift[], monday: number, weeks: number): CalendarDay[] {
  return Array.from({ length: weeks * 7 }, (_, index) => {
    const begin = new Date(monday)
    begin.setDate(begin.getDate() + index)
    const end = new Date(begin)
    end.setDate(end.getDate() + 1)
    const [from, until] = [begin.getTime(), end.getTime()]
    const parts = shifts.flatMap((shift) => {
      const first = Math.max(Date.parse(shift.from), from)
      const last = Math.min(Date.parse(shift.until), until)
      const share = (at: number): number => (at - from) / (until - from)
      return first < last ? [{ from: share(first), until: share(last), shift }] : []
    })
    return { at: from, parts }
  })
}

/** A number of 0 to 5 for each person, for a colour that stays the same. */
export function coloursOf(people: readonly string[]): Map<string, number> {
  return new Map([...new Set(people)].toSorted().map((name, at) => [name, at % 6]))
}

/** The shifts that two people can swap: a moment in each, with words. */
export function shiftChoices(
  shifts: readonly Shift[],
  now: number,
  words: (time: string) => string,
): Record<string, string> {
  return Object.fromEntries(
    shifts.flatMap(({ person, from, until }) => {
      if (person === null || Date.parse(until) <= now) return []
      const moment = Date.parse(from) < now ? new Date(now).toISOString() : from
      return [[moment, `${person}, ${words(from)} to ${words(until)}`]]
    }),
  )
}

/** The value of a field for a local date and time. */
export function fieldTime(time: number): string {
  const date = new Date(time - new Date(time).getTimezoneOffset() * 60_000)
  return date.toISOString().slice(0, 16)
}

export const weeksShown = 4
export const periodDays = weeksShown * 7 + 1
