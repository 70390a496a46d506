import { z } from 'zod'

/** What the draw of one day for one experiment in one environment is made of. */
export interface Draw {
  app: string
  environment: string
  name: string
  /** of the zone of the team, as `2026-12-01` */
  day: string
  /** 64 hexadecimal digits */
  seed: string
  /** working days from one run to the next, on average */
  every: number
  /** working days since the last day with a run; null before the first one */
  gap: number | null
  /** the working hours of the day, in milliseconds since 1970 */
  hours: { from: number; until: number }[]
}

/** Working days that pass at least from one run to the next. Pure. */
export const leastDays = (every: number): number => Math.max(1, Math.floor(every / 2))

/**
 * When the experiment runs on the day, in milliseconds since 1970; null when it does not run.
 *
 * After the least distance `l`, each working day has a run with the probability
 * 1 / (every - l + 1), so that the mean distance is `every`. Both numbers are taken from the
 * SHA-256 digest of the seed, the place and the day. Pure.
 */
export async function drawAt(draw: Draw): Promise<number | null> {
  const { app, environment, name, day, seed, every, gap, hours } = draw
  const least = leastDays(every)
  if (gap !== null && gap < least) return null
  const digest = await sha256(`${seed} ${app}/${environment}/${name} ${day}`)
  if (fractionOf(digest.slice(0, 12)) >= 1 / (every - least + 1)) return null
  const total = hours.reduce((sum, { from, until }) => sum + until - from, 0)
  let left = Math.floor(fractionOf(digest.slice(12, 24)) * total)
  for (const { from, until } of hours) {
    if (left < until - from) return from + left
    left -= until - from
  }
  return null
}

/** What is published before the day, so that the seed cannot be chosen afterwards. Pure. */
export const commitmentOf = (seed: string): Promise<string> => sha256(seed)

/** 12 hexadecimal digits as a number from 0 to 1. */
const fractionOf = (hex: string): number => Number.parseInt(hex, 16) / 2 ** 48

/** 64 hexadecimal digits. */
async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** The draw of a day, as the API shows it. */
export const experimentDraw = z.object({
  app: z.string(),
  environment: z.string(),
  name: z.string(),
  day: z.string(),
  every: z.number().int(),
  hours: z.array(z.object({ from: z.number(), until: z.number() })),
  /** the SHA-256 digest of the seed, which is known before the day */
  commitment: z.string(),
  /** null until the working hours of the day have ended */
  seed: z.string().nullable(),
  /** whether the server has made the draw; it does not while it is away for the whole day */
  isDrawn: z.boolean(),
  gap: z.number().int().nullable(),
  /** when it ran or should have; null for a day without a run, and until it is known */
  at: z.string().nullable(),
  /** the run; null without one */
  run: z.number().int().nullable(),
  /** why it did not run at this time, without a full stop; null when it did */
  problem: z.string().nullable(),
})
export type ExperimentDraw = z.infer<typeof experimentDraw>

/**
 * What is wrong with a draw whose seed is known, without a full stop; null when it is as it should
 * be. `all` has the draws before it. Pure.
 */
export async function problemOfDraw(
  one: ExperimentDraw,
  all: readonly ExperimentDraw[],
): Promise<string | null> {
  const { seed, commitment, isDrawn, gap, at } = one
  if (seed === null) return null
  if ((await commitmentOf(seed)) !== commitment) return 'the seed is not the one that was promised'
  if (!isDrawn) return null
  const expected = gapOf(one, all)
  if (expected !== null && expected !== gap)
    return `the last run was ${expected} working days before, and not ${gap ?? 'never'}`
  const drawn = await drawAt({ ...one, seed })
  if (drawn === (at === null ? null : Date.parse(at))) return null
  return drawn === null
    ? 'the seed gives no run on this day'
    : `the seed gives ${new Date(drawn).toISOString()}`
}

/** Working days since the last day with a run in a list; null when the list has none. */
function gapOf(one: ExperimentDraw, all: readonly ExperimentDraw[]): number | null {
  const before = all
    .filter(
      ({ environment, name, day, isDrawn }) =>
        environment === one.environment && name === one.name && day < one.day && isDrawn,
    )
    .toSorted((a, b) => (a.day < b.day ? 1 : -1))
  const last = before.findIndex(({ at }) => at !== null)
  return last === -1 ? null : last + 1
}
