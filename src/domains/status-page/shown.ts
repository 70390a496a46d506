import type { ComponentState } from '#contract/status-page/status-page.ts'

/** The state that a component shows. Times are milliseconds since 1970. */
export interface Shown {
  state: ComponentState
  since: number
  /** a change that waits, and since when; null for none */
  pending: { kind: 'better' | 'unknown'; since: number } | null
  /** when the host was last told the state */
  confirmed: number
}

/** A state that a component has from a time on. */
export interface ShownChange {
  state: ComponentState
  before: ComponentState | null
  since: number
}

/** Milliseconds for which a component must be better before the page shows it. */
const betterMs = 60_000
/** Milliseconds for which nothing must be known before the page shows it: a host that restarts. */
const unknownMs = 30_000
/** Milliseconds without a confirmation after which the host shows `unknown` by itself. */
export const confirmedMs = 60_000

const ranks: Record<ComponentState, number> = {
  ...{ operational: 0, degraded: 1, partial_outage: 2, major_outage: 3 },
  ...{ maintenance: 0, unknown: 0 },
}

/**
 * The state that a component shows next, and the changes that this makes. Worse states show at
 * once, because monitors confirm them; better ones must last. A time without confirmations becomes
 * `unknown` in the history. Pure.
 */
export function nextShown(
  shown: Shown | null,
  found: ComponentState,
  now: number,
): { shown: Shown; changes: ShownChange[] } {
  const fresh: Shown = { state: found, since: now, pending: null, confirmed: now }
  if (!shown) return { shown: fresh, changes: [change(found, null, now)] }
  if (now - shown.confirmed > confirmedMs && shown.state !== 'unknown')
    return {
      shown: fresh,
      changes: [
        change('unknown', shown.state, shown.confirmed),
        ...(found === 'unknown' ? [] : [change(found, 'unknown', now)]),
      ],
    }
  if (found === shown.state)
    return { shown: { ...shown, pending: null, confirmed: now }, changes: [] }
  const kind = waitOf(shown.state, found)
  if (kind !== null) {
    const since = shown.pending?.kind === kind ? Math.min(shown.pending.since, now) : now
    if (now - since < (kind === 'better' ? betterMs : unknownMs))
      return { shown: { ...shown, pending: { kind, since }, confirmed: now }, changes: [] }
  }
  return { shown: fresh, changes: [change(found, shown.state, now)] }
}

const change = (
  state: ComponentState,
  before: ComponentState | null,
  since: number,
): ShownChange => ({ state, before, since })

/** What a change has to wait for; null for one that shows at once. */
function waitOf(from: ComponentState, to: ComponentState): 'better' | 'unknown' | null {
  if (to === 'unknown') return 'unknown'
  if (from === 'unknown' || from === 'maintenance' || to === 'maintenance') return null
  return ranks[to] < ranks[from] ? 'better' : null
}
