const second = 1000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour

/**
 * A duration in milliseconds, in at most two units: `1.2 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h`.
 * With `isWhole`, without fractions of seconds, for one that counts up.
 */
export function durationWords(ms: number, isWhole = false): string {
  const value = Math.max(0, ms)
  if (value < 10 * second && !isWhole) return `${(value / second).toFixed(1)} s`
  if (value < minute) return `${Math.floor(value / second)} s`
  if (value < hour) return twoUnits(value, [minute, 'min'], [second, 's'])
  if (value < day) return twoUnits(value, [hour, 'h'], [minute, 'min'])
  return twoUnits(value, [day, 'd'], [hour, 'h'])
}

type Unit = [ms: number, name: string]

const twoUnits = (value: number, [large, name]: Unit, [small, smallName]: Unit): string =>
  `${Math.floor(value / large)} ${name} ${Math.floor((value % large) / small)} ${smallName}`

/** The time since a moment, in milliseconds, in one unit. */
export const agoWords = (ms: number): string =>
  ms < 5 * second ? 'just now' : `${oneUnit(ms)} ago`

/** How long something has lasted, in milliseconds, in one unit: `for 3 min`. */
export const forWords = (ms: number): string => `for ${oneUnit(Math.max(ms, second))}`

function oneUnit(ms: number): string {
  if (ms < minute) return `${Math.floor(ms / second)} s`
  if (ms < hour) return `${Math.floor(ms / minute)} min`
  if (ms < day) return `${Math.floor(ms / hour)} h`
  return `${Math.floor(ms / day)} d`
}

/** Dates are in one locale, as all other text: a browser in German must not add German days. */
const locale = 'en-GB'

/** Date and time in the local time zone: `29 Nov 2026, 11:50:12`. */
export const momentWords = (time: string | number): string =>
  new Date(time).toLocaleString(locale, { dateStyle: 'medium', timeStyle: 'medium' })

/** Date and time to the minute, in the local time zone: `29 Nov 2026, 11:50`. */
export const minuteWords = (time: string | number): string =>
  new Date(time).toLocaleString(locale, { dateStyle: 'medium', timeStyle: 'short' })

/** The time of a day, in the local time zone: `11:50:12`. */
export const timeWords = (time: string | number): string =>
  new Date(time).toLocaleTimeString(locale, { hour12: false })

/** The calendar day, in the local time zone: `Sunday, 29 November 2026`. */
export const dayWords = (time: string | number): string =>
  new Date(time).toLocaleDateString(locale, {
    weekday: 'long',
    day: 'numeric',
    month: 'long',
    year: 'numeric',
  })

/** The calendar day in few characters: `29 Nov 2026`. */
export const shortDayWords = (time: string | number): string =>
  new Date(time).toLocaleDateString(locale, { dateStyle: 'medium' })
