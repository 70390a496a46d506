import type { Silence } from '#contract/alert/alert.ts'
import { uuidOf } from './alertmanager.ts'
import type { Target } from './external-store.ts'
import { fingerprintOf } from './external.ts'
import { type Labels, type Matcher, matcherOf, parseMatcher } from './matcher.ts'
import { coverOf } from './silenced.ts'

const receiver = { name: 'fairlead' }
/** The end of what has none yet, in milliseconds from now: tools expect a time. */
const openMs = 5 * 60_000

export interface AlertQuery {
  active: boolean
  silenced: boolean
  filter: Matcher[]
}

/** What fires, as the API v2 of Alertmanager shows it. */
export function gettableAlerts(
  targets: Target[],
  silences: Silence[],
  { query, publicUrl, now }: { query: AlertQuery; publicUrl: string; now: number },
) {
  const matches = matcherOf(query.filter)
  const inForce = silences
    .filter((one) => stateOf(one, now) === 'active')
    .map((silence) => ({ id: uuidOf(silence.id), covers: coverOf(silence) }))
  return targets
    .filter(({ labels }) => matches(labels))
    .map((target) => {
      const silencedBy = inForce.filter((one) => one.covers(target)).map(({ id }) => id)
      const link = target.alert === null ? null : `${publicUrl}/alerts/${target.alert}`
      return {
        labels: target.labels,
        annotations: target.annotations,
        generatorURL: target.link ?? link ?? publicUrl,
        fingerprint: fingerprintOf(target.labels),
        receivers: [receiver],
        startsAt: target.starts,
        endsAt: target.ends ?? new Date(now + openMs).toISOString(),
        updatedAt: target.updated,
        status: {
          state: silencedBy.length > 0 ? 'suppressed' : 'active',
          ...{ silencedBy, inhibitedBy: [], mutedBy: [] },
        },
      }
    })
    .filter(({ status }) => (status.state === 'active' ? query.active : query.silenced))
    .toSorted((one, other) => (one.fingerprint < other.fingerprint ? -1 : 1))
}
export type GettableAlert = ReturnType<typeof gettableAlerts>[number]

/** Alerts by their place, which is how Fairlead joins them; those without an app by their name. */
export function groupsOf(alerts: GettableAlert[]) {
  const groups = new Map<string, { labels: Labels; alerts: GettableAlert[] }>()
  for (const alert of alerts) {
    const { app, environment, service, alertname } = alert.labels
    const pairs = app === undefined ? { alertname } : { app, environment, service }
    const labels = Object.fromEntries(
      Object.entries(pairs).filter((pair): pair is [string, string] => pair[1] !== undefined),
    )
    const key = JSON.stringify(labels)
    const group = groups.get(key) ?? { labels, alerts: [] }
    groups.set(key, group)
    group.alerts.push(alert)
  }
  return [...groups.values()].map((group) => ({ ...group, receiver }))
}

const stateOf = ({ from, until }: Silence, now: number): 'expired' | 'active' | 'pending' =>
  Date.parse(until) <= now ? 'expired' : Date.parse(from) <= now ? 'active' : 'pending'

/** A silence as the API v2 shows it: its place is matchers, too. */
export function gettableSilence(silence: Silence, now: number) {
  const { id, app, environment, service, from, until, created, actor, reason } = silence
  const place = Object.entries({ app, environment, service }).flatMap(([name, value]): Matcher[] =>
    value === null ? [] : [{ name, value, isRegex: false, isEqual: true }],
  )
  return {
    ...{ id: uuidOf(id), status: { state: stateOf(silence, now) } },
    matchers: [...place, ...silence.matchers.map(parseMatcher)],
    ...{ startsAt: from, endsAt: until, updatedAt: created, createdBy: actor, comment: reason },
  }
}

/** Whether the matchers of a silence satisfy a filter, as `amtool silence query` asks. */
export function satisfies(silence: ReturnType<typeof gettableSilence>, filter: Matcher[]): boolean {
  const labels = Object.fromEntries(silence.matchers.map(({ name, value }) => [name, value]))
  return matcherOf(filter)(labels)
}

/** The state of the server, as `amtool config show` and `amtool cluster show` read it. */
export const statusOf = (version: string, started: string) => ({
  cluster: { status: 'disabled', peers: [] },
  versionInfo: {
    ...{ version, revision: '', branch: '', buildUser: '', buildDate: '', goVersion: '' },
  },
  config: { original: 'route:\n  receiver: fairlead\nreceivers:\n  - name: fairlead\n' },
  uptime: started,
})

export const receivers = [receiver]

/** Reads the query of `GET /alerts`. */
export function alertQuery(query: Record<string, unknown>): AlertQuery {
  return {
    active: query['active'] !== 'false',
    silenced: query['silenced'] !== 'false',
    filter: filterOf(query['filter']),
  }
}

/** `filter` may be repeated. */
export const filterOf = (filter: unknown): Matcher[] =>
  (Array.isArray(filter) ? filter : [filter])
    .filter((one): one is string => typeof one === 'string' && one !== '')
    .map(parseMatcher)
