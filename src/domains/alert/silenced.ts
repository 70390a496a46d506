import type { Silence } from '#contract/alert/alert.ts'
import type { Target } from './external-store.ts'
import { type Labels, matcherOf, parseMatcher } from './matcher.ts'

type Covered = Pick<Target, 'app' | 'environment' | 'service'> & { labels: Labels }
type Scope = Pick<Silence, 'app' | 'environment' | 'service' | 'matchers'>

/** Whether a silence covers what fires there with these labels. */
export function coverOf({ app, environment, service, matchers }: Scope): (one: Covered) => boolean {
  const matches = matcherOf(matchers.map(parseMatcher))
  return (one) =>
    (app === null || app === one.app) &&
    (environment === null || environment === one.environment) &&
    (service === null || service === one.service) &&
    matches(one.labels)
}

/**
 * The alerts of which silences cover everything that fires, and until when all of it is covered.
 * The silences are in force now.
 */
export function silencedAlerts(
  targets: Target[],
  silences: Silence[],
): { alert: number; until: string }[] {
  const covers = silences.map((silence) => ({ until: silence.until, covers: coverOf(silence) }))
  const ends = new Map<number, string | null>()
  for (const target of targets) {
    if (target.alert === null) continue
    const until = covers
      .filter((one) => one.covers(target))
      .reduce<string | null>((last, one) => later(last, one.until), null)
    const known = ends.get(target.alert)
    ends.set(target.alert, known === undefined ? until : earlier(known, until))
  }
  return [...ends].flatMap(([alert, until]) => (until === null ? [] : [{ alert, until }]))
}

const later = (one: string | null, other: string): string =>
  one !== null && Date.parse(one) > Date.parse(other) ? one : other
const earlier = (one: string | null, other: string | null): string | null =>
  one === null || other === null ? null : Date.parse(one) < Date.parse(other) ? one : other
