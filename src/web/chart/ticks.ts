const second = 1000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour

/** Distances between ticks of an axis of durations, in milliseconds. */
export const elapsedSteps = [
  ...[1, 2, 5, 10, 15, 30].map((n) => n * second),
  ...[1, 2, 5, 10, 15, 30].map((n) => n * minute),
  ...[1, 2, 3, 6, 12].map((n) => n * hour),
  ...[1, 2, 7, 14, 30, 90, 180, 365].map((n) => n * day),
]

/** Distances between ticks of an axis of whole numbers: 1, 2 and 5 times each power of ten. */
export const indexSteps = Array.from({ length: 8 }, (_, power) =>
  [1, 2, 5].map((digit) => digit * 10 ** power),
).flat()

/** A duration at a tick: 30 s, 1 min, 1 min 30 s, 2 h. */
export function formatElapsed(ms: number): string {
  const h = Math.floor(ms / hour)
  const m = Math.floor((ms % hour) / minute)
  const s = Math.round((ms % minute) / second)
  const parts = [h > 0 ? `${h} h` : '', m > 0 ? `${m} min` : '', s > 0 ? `${s} s` : '']
  return parts.filter(Boolean).join(' ') || '0'
}

/** A moment in local time, as exact as the distance between ticks asks for. */
export function formatInstant(ms: number, step: number): string {
  const date = new Date(ms)
  if (step >= day) return date.toLocaleDateString('en-GB', { month: 'short', day: 'numeric' })
  return date.toLocaleTimeString('en-GB', {
    hour: '2-digit',
    minute: '2-digit',
    ...(step < minute ? { second: '2-digit' } : {}),
    hour12: false,
  })
}

/**
 * At most `most` round numbers of a logarithmic axis: 1, 2 and 5 times each power of ten, or fewer.
 * Within less than a decade they are evenly spaced.
 */
export function logTicks(low: number, high: number, most: number): number[] {
  const [first, last] = [Math.floor(Math.log10(low)), Math.floor(Math.log10(high))]
  const ticksOf = (digits: number[], every: number): number[] =>
    Array.from({ length: last - first + 1 }, (_, i) => first + i)
      .filter((power) => power % every === 0)
      .flatMap((power) => digits.map((digit) => Number(`${digit}e${power}`)))
      .filter((tick) => tick >= low && tick <= high)
  const choices = [ticksOf([1, 2, 5], 1), ticksOf([1, 3], 1)]
  for (const every of [1, 2, 3, 5]) choices.push(ticksOf([1], every))
  const fit = choices.find((ticks) => ticks.length <= most) ?? []
  return fit.length >= 2 ? fit : linearTicks(low, high, most)
}

function linearTicks(low: number, high: number, most: number): number[] {
  const power = 10 ** Math.floor(Math.log10((high - low) / most))
  const countOf = (step: number): number => Math.floor(high / step) - Math.ceil(low / step) + 1
  const step = [1, 2, 5, 10, 20].map((n) => n * power).find((one) => countOf(one) <= most)
  if (step === undefined) return []
  const start = Math.ceil(low / step)
  return Array.from({ length: countOf(step) }, (_, i) =>
    Number(((start + i) * step).toPrecision(12)),
  )
}

/** Which labels fit beside each other: each starts at its position and takes `width`. */
export function labelsThatFit(positions: number[], width: number, end: number): boolean[] {
  let free = -Infinity
  return positions.map((position) => {
    const fits = position >= free && position + width <= end
    if (fits) free = position + width
    return fits
  })
}

/** Range of a logarithmic axis of ratios: all values and 1, limited to `widest` either way. */
export function ratioRange(values: (number | null)[], widest = 100): [number, number] {
  const known = values.filter(
    (value): value is number => value !== null && value > 0 && Number.isFinite(value),
  )
  const low = Math.max(Math.min(0.5, ...known), 1 / widest)
  const high = Math.min(Math.max(2, ...known), widest)
  return [low / 1.1, high * 1.1]
}
