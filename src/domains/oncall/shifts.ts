import type { Hours, Layer, RotaPlan } from '#contract/oncall/oncall.ts'

/** Times in milliseconds; `until` is not included. */
export interface Span {
  from: number
  until: number
}

/** A time with one person, or with nobody. */
export interface ShiftSpan extends Span {
  person: string | null
  override: number | null
}

export interface OverrideSpan extends Span {
  id: number
  person: string
}

interface Ranked extends Span {
  person: string
  rank: number
  /** equal for parts of the same turn */
  turn: string
  override: number | null
}

const hour = 3_600_000
const unitMs = { hours: hour, days: 24 * hour, weeks: 7 * 24 * hour }

/**
 * Who is on call between two moments, without gaps: the newest override, otherwise the last layer
 * that applies, otherwise nobody. Shifts keep their own beginning and end; only times without a
 * person are cut to the period. The result for a moment does not depend on the period.
 */
export function shiftsOf(
  { zone, layers }: RotaPlan,
  overrides: readonly OverrideSpan[],
  { from, until }: Span,
): ShiftSpan[] {
  // A shift that reaches beyond the period is computed whole.
  const longest = Math.max(...layers.map(({ every, unit }) => every * unitMs[unit]))
  const wide = { from: from - longest - 48 * hour, until: until + longest + 48 * hour }
  const spans = [
    ...layers.flatMap((layer, rank) => layerSpans(layer, rank, layer.zone ?? zone, wide)),
    ...overrides.map(({ id, person, ...span }): Ranked => ({
      ...{ ...span, person, turn: `override ${id}`, override: id },
      rank: layers.length + id,
    })),
  ].filter((span) => span.from < span.until)
  const parts = topOf(spans, wide)
  return parts
    .filter((part) => part.from < until && part.until > from)
    .map(({ person, override, ...part }) => ({
      person,
      override,
      from: person === null ? Math.max(part.from, from) : part.from,
      until: person === null ? Math.min(part.until, until) : part.until,
    }))
}

/** The shift at a moment. */
export const shiftAt = (
  plan: RotaPlan,
  overrides: readonly OverrideSpan[],
  at: number,
): ShiftSpan | null => shiftsOf(plan, overrides, { from: at, until: at + 1 })[0] ?? null

/** The turns of a layer, within its hours. */
function layerSpans(layer: Layer, rank: number, zone: string, { from, until }: Span): Ranked[] {
  const { people, every, unit, hours } = layer
  const start = Temporal.PlainDateTime.from(layer.start)
  // Local time is added first: a handover stays at its hour when the clocks change.
  const startOf = (turn: number): number =>
    start.add({ [unit]: every * turn }).toZonedDateTime(zone).epochMilliseconds
  let turn = Math.max(0, Math.floor((from - startOf(0)) / (every * unitMs[unit])))
  while (turn > 0 && startOf(turn) > from) turn -= 1
  while (startOf(turn + 1) <= from) turn += 1
  const open = hours.length === 0 ? null : hourSpans(hours, zone, { from, until })
  const found: Ranked[] = []
  for (let begin = startOf(turn); begin < until; turn += 1) {
    const end = startOf(turn + 1)
    const person = people[turn % people.length] ?? ''
    const whole = { from: begin, until: end }
    for (const part of open === null ? [whole] : open.flatMap((one) => common(one, whole)))
      found.push({ ...part, person, rank, turn: `${rank} ${turn}`, override: null })
    begin = end
  }
  return found
}

/** Spans of hours that touch are one. */
export function hourSpans(hours: readonly Hours[], zone: string, { from, until }: Span): Span[] {
  const dayOf = (at: number): Temporal.PlainDate =>
    Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone).toPlainDate()
  const last = dayOf(until)
  const spans: Span[] = []
  for (
    let day = dayOf(from).subtract({ days: 1 });
    Temporal.PlainDate.compare(day, last) <= 0;
    day = day.add({ days: 1 })
  )
    for (const window of hours) {
      if (!window.days.includes(day.dayOfWeek)) continue
      const at = (date: Temporal.PlainDate, time: string): number =>
        date.toZonedDateTime({ timeZone: zone, plainTime: time }).epochMilliseconds
      const end = window.until <= window.from ? day.add({ days: 1 }) : day
      spans.push({ from: at(day, window.from), until: at(end, window.until) })
    }
  const joined: Span[] = []
  for (const span of spans.toSorted((a, b) => a.from - b.from)) {
    const before = joined.at(-1)
    if (before && span.from <= before.until) before.until = Math.max(before.until, span.until)
    else joined.push({ ...span })
  }
  return joined
}

function common(one: Span, other: Span): Span[] {
  const from = Math.max(one.from, other.from)
  const until = Math.min(one.until, other.until)
  return from < until ? [{ from, until }] : []
}

/** Between each two boundaries, the span of the highest rank; parts of one turn are joined. */
function topOf(spans: Ranked[], { from, until }: Span): ShiftSpan[] {
  const inside = spans.filter((span) => span.from < until && span.until > from)
  const bounds = new Set([from, until])
  for (const span of inside) for (const at of [span.from, span.until]) bounds.add(at)
  const starting = inside.toSorted((a, b) => a.from - b.from)
  let next = 0
  let active: Ranked[] = []
  const parts: (ShiftSpan & { turn: string })[] = []
  const times = [...bounds].toSorted((a, b) => a - b)
  for (const [at, begin] of times.entries()) {
    const end = times[at + 1]
    if (end === undefined) break
    while (next < starting.length && (starting[next]?.from ?? Infinity) <= begin)
      active.push(starting[next++]!)
    active = active.filter((span) => span.until > begin)
    let top: Ranked | null = null
    for (const span of active) if (top === null || span.rank >= top.rank) top = span
    const turn = top?.turn ?? ''
    const before = parts.at(-1)
    if (before?.turn === turn) before.until = end
    else
      parts.push({
        ...{ from: begin, until: end, turn },
        ...{ person: top?.person ?? null, override: top?.override ?? null },
      })
  }
  return parts.map((part) => {
    const { from: begin, until: end, person, override } = part
    return { from: begin, until: end, person, override }
  })
}
