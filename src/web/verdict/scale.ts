/** Maps values to places on a drawing. What lies outside of the domain is put on its edge. */
export interface Scale {
  (value: number): number
  low: number
  high: number
}

const clamp = (value: number, a: number, b: number): number =>
  Math.min(Math.max(value, Math.min(a, b)), Math.max(a, b))

function scale(place: (value: number) => number, low: number, high: number): Scale {
  return Object.assign((value: number): number => place(clamp(value, low, high)), { low, high })
}

export function linear(
  [low, high]: readonly [number, number],
  [from, to]: readonly [number, number],
): Scale {
  const span = high - low || 1
  return scale((value) => from + ((value - low) / span) * (to - from), low, high)
}

/** A doubling is as long everywhere; the domain is above zero. */
export function logarithmic(
  [low, high]: readonly [number, number],
  range: readonly [number, number],
): Scale {
  const inner = linear([Math.log(low), Math.log(high)], range)
  return scale((value) => inner(Math.log(value)), low, high)
}

/** Round numbers within a domain, at most `most` of them. */
export function linearTicks(low: number, high: number, most: number): number[] {
  const step = [1, 2, 5]
    .flatMap((digit) => Array.from({ length: 25 }, (_, power) => digit * 10 ** (power - 12)))
    .sort((a, b) => a - b)
    .find((one) => Math.floor(high / one) - Math.ceil(low / one) + 1 <= most)
  return step === undefined ? [] : multiples(step, low, high)
}

function multiples(step: number, low: number, high: number): number[] {
  const first = Math.ceil(low / step)
  // Divided, not multiplied, where that is exact: 3 / 10 is 0.3, and 3 × 0.1 is not.
  const at = (n: number): number => (step < 1 ? n / Math.round(1 / step) : n * step) || 0
  return Array.from({ length: Math.max(0, Math.floor(high / step) - first + 1) }, (_, n) =>
    at(first + n),
  )
}

/**
 * Round numbers within a domain above zero: 1, 2 and 5 of each power of ten, or fewer, at most
 * `most` of them.
 */
export function logTicks(low: number, high: number, most: number): number[] {
  const powers: number[] = []
  for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power += 1)
    powers.push(power)
  const ticksOf = (digits: number[], every: number): number[] =>
    powers
      .filter((power) => power % every === 0)
      .flatMap((power) => digits.map((digit) => Number(`${digit}e${power}`)))
      .filter((tick) => tick >= low && tick <= high)
  const choices = [
    ticksOf([1, 2, 5], 1),
    ticksOf([1, 3], 1),
    ...[1, 2, 3, 5].map((every) => ticksOf([1], every)),
  ]
  const fits = choices.find((ticks) => ticks.length <= most) ?? []
  if (fits.length >= 2) return fits
  // Less than a decade: evenly spaced numbers read better than one.
  return linearTicks(low, high, most)
}

const second = 1000
const minute = 60 * second
const hour = 60 * minute
const timeSteps = [
  ...[1, 2, 5, 10, 15, 30].map((n) => n * second),
  ...[1, 2, 5, 10, 15, 30].map((n) => n * minute),
  ...[1, 2, 3, 6, 12, 24, 48, 168].map((n) => n * hour),
]

/** Round durations from zero on, in milliseconds, at most `most` of them. */
export function timeTicks(high: number, most: number): number[] {
  const step = timeSteps.find((one) => Math.floor(high / one) + 1 <= most) ?? 720 * hour
  return multiples(step, 0, high)
}

/** A duration at a tick: 30 s, 1 m, 1 m 30 s, 2 h. */
export function formatTick(ms: number): string {
  const [h, m, s] = [
    Math.floor(ms / hour),
    Math.floor((ms % hour) / minute),
    Math.round((ms % minute) / second),
  ]
  const parts = [h > 0 ? `${h} h` : '', m > 0 ? `${m} m` : '', s > 0 ? `${s} s` : '']
  return parts.filter(Boolean).join(' ') || '0'
}

/** A domain for ratios: what must be seen, and a little more, but no more than is readable. */
export function ratioDomain(values: (number | null)[], widest = 100): [number, number] {
  const known = values.filter(
    (value) => value !== null && value > 0 && Number.isFinite(value),
  ) as number[]
  const low = clamp(Math.min(0.5, ...known), 1 / widest, 1)
  const high = clamp(Math.max(2, ...known), 1, widest)
  return [low / 1.1, high * 1.1]
}
