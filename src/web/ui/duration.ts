const second = 1000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour

const two = (value: number): string => String(value).padStart(2, '0')

/** A duration in at most two units. With `whole`, without fractions, for one that counts up. */
export function formatDuration(ms: number, whole = false): string {
  const value = Math.max(0, ms)
  if (value < 10 * second && !whole) return `${(value / second).toFixed(1)} s`
  if (value < minute) return `${Math.floor(value / second)} s`
  if (value < hour)
    return `${Math.floor(value / minute)} m ${two(Math.floor((value % minute) / second))} s`
  if (value < day)
    return `${Math.floor(value / hour)} h ${two(Math.floor((value % hour) / minute))} m`
  return `${Math.floor(value / day)} d ${Math.floor((value % day) / hour)} h`
}

/** The time since a moment, in one unit. */
export function formatAgo(ms: number): string {
  if (ms < 2 * second) return 'just now'
  if (ms < minute) return `${Math.floor(ms / second)} s ago`
  if (ms < hour) return `${Math.floor(ms / minute)} min ago`
  if (ms < day) return `${Math.floor(ms / hour)} h ago`
  if (ms < 60 * day) return `${Math.floor(ms / day)} d ago`
  return `${Math.floor(ms / (30 * day))} months ago`
}

/** Date and time in the time zone of the browser. */
export function formatMoment(time: string): string {
  return new Date(time).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'medium' })
}

export function formatTime(time: string | number): string {
  return new Date(time).toLocaleTimeString(undefined, { hour12: false })
}

/** The calendar day, for a heading. */
export function formatDay(time: string): string {
  return new Date(time).toLocaleDateString(undefined, {
    weekday: 'long',
    day: 'numeric',
    month: 'long',
    year: 'numeric',
  })
}
