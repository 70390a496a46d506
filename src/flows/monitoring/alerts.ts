import type { Suspect } from '#contract/alert/alert.ts'
import type { HostSecond } from '#contract/host/measurements.ts'
import { fullMachine } from '#domains/alert/machine.ts'
import * as notifications from '#domains/alert/notification-store.ts'
import { type Action, explain, type Firing, reconcile } from '#domains/alert/reconcile.ts'
import { addChanges, listTargets } from '#domains/alert/external-store.ts'
import { listMatcherSilences, setSilenced } from '#domains/alert/silence-store.ts'
import { silencedAlerts } from '#domains/alert/silenced.ts'
import * as store from '#domains/alert/store.ts'
import { appendEvent } from '#engine/events.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import type { Statement } from '#platform/postgres/sql.ts'
import { runningExperiments } from '#views/experiment.ts'
import { promiseKeeper } from '#views/status-page.ts'
import { firingSources, type FiringRow, recentlyLive } from '#views/watched.ts'
import { escalate } from './escalate.ts'
import type { Failing } from './owners.ts'

export interface AlertsParts {
  db: Database
  now(): number
  /** who may have caused what a deployment explains */
  findSuspects(deployment: number | null, failing: Failing): Promise<Suspect[]>
  /** the last minutes of the host; empty when it does not answer */
  readMachine(): Promise<HostSecond[]>
  /** called when messages are due */
  onNotification(): void
}

/**
 * Opens, joins, resolves and reopens alerts by what fires now, and queues their messages. It keeps
 * no state: a repetition, on any server, changes nothing.
 */
export async function reconcileAlerts(parts: AlertsParts): Promise<void> {
  const { db, now } = parts
  const rows = await firingSources(db)
  const [known, live] = await Promise.all([
    store.listKnown(db),
    rows.length > 0 ? recentlyLive(db) : [],
  ])
  const firing = rows.map((row) => firingOf(row, live))
  const actions = reconcile(known, firing, now())
  // A server may have died after it opened an alert. Nobody hears of one that is resolved first.
  const ending = actions.flatMap((one) => (one.kind === 'resolve' ? [one.alert] : []))
  if (ending.length > 0) await send(parts, ending)
  for (const action of actions) await act(parts, action, live)
  await send(parts)
}

/** Takes the steps that are due, of alerts that are not silenced. */
async function send(parts: AlertsParts, ending: readonly number[] = []): Promise<void> {
  await silence(parts.db)
  await escalate(parts, ending)
}

/** Notes which alerts silences with matchers cover, before anything is sent. */
async function silence(db: Database): Promise<void> {
  const silences = await listMatcherSilences(db)
  const silenced = silences.length === 0 ? [] : silencedAlerts(await listTargets(db), silences)
  await db.query(setSilenced(silenced))
}

function firingOf(row: FiringRow, live: Live): Firing {
  const { source, app, environment, service, kind, name, reason, from, until, isLast, pulls } = row
  const onset = { from: Date.parse(from), until: Date.parse(until) }
  return {
    ...{ source, app, environment, service, reason, onset },
    title: titleOf(kind, name, { app, environment, service }) + pulledText(pulls),
    urgency: pulls.length > 0 ? 'high' : (row.urgency ?? (isLast ? 'high' : 'low')),
    isAlone: app === null || pulls.length > 0 || ['promise', 'rollout'].includes(kind),
    // The release of an error is known, and so is one that stays; none explains the others.
    deployment: ['error', 'regression', 'stays', 'promise', 'rollout'].includes(kind)
      ? row.deployment
      : explain(onset, liveIn(live, { app, environment })),
  }
}

const pulledText = (pulls: string[]): string =>
  pulls.length === 0
    ? ''
    : `: it turned off the ${pulls.length === 1 ? 'switch' : 'switches'} ${pulls.join(', ')}`

const liveIn = (
  live: Live,
  { app, environment }: Pick<Firing, 'app' | 'environment'>,
): { id: number; live: number }[] =>
  live
    .filter((one) => one.app === app && one.environment === environment)
    .map((one) => ({ id: one.id, live: Date.parse(one.live) }))

function titleOf(
  kind: string,
  name: string,
  { app, environment, service }: Pick<Firing, 'app' | 'environment' | 'service'>,
): string {
  const ofApp = service ? ` of ${app ?? ''}` : ''
  const place = `${service ?? app ?? ''} in ${environment ?? ''}${ofApp}`
  const titles: Record<string, string> = {
    errors: `${place} fails requests`,
    latency: `${place} is slow`,
    routes: `${place} fails requests of some routes`,
    'slow-routes': `${place} is slow on some routes`,
    traffic: `${place} gets fewer requests than usual`,
    reachable: `${place} does not answer`,
    memory: `${place} has almost no memory left`,
    certificate: `The certificate of ${name} is missing or not renewed`,
    restarts: `${place} crashes again and again`,
    stays: `The release of ${place} has harm and is not rolled back`,
    rollback: `The rollback of ${place} failed`,
    external: name,
    degraded: `${name} of ${place} is degraded`,
    error: `New error in ${place}: ${name}`,
    regression: `An error came back in ${place}: ${name}`,
    job: `The job ${name} of ${place} failed`,
    'job-late': `The job ${name} of ${place} is late`,
    host: `The host ${name === 'host' ? '' : `${name} `}does not answer`,
    replica: `The server on ${name} does not answer`,
    disk: `The disk of the ${name === 'disk' ? 'installation' : `host ${name}`} is almost full`,
    clock: `The clock of the ${name === 'clock' ? 'machine' : `host ${name}`} is wrong`,
    invariant: `The rule ${name} of ${place} is broken`,
    promise: `The update on incident ${name} that customers were promised is late`,
    rollout: `The switch ${name} of ${place} was set back, because its new value did harm`,
    slo: `${place} uses up the error budget of ${name}`,
  }
  // True while it is degraded, too.
  return titles[kind] ?? `The monitor ${name} of ${place} fails`
}

type Live = Awaited<ReturnType<typeof recentlyLive>>

async function act(parts: AlertsParts, action: Action, live: Live): Promise<void> {
  const { db } = parts
  if (action.kind === 'open') return open(parts, action.sources, live)
  if (action.kind === 'end')
    return void (await db.batch([store.endSource(action.alert, action.source)]))
  const alert = await store.getAlert(db, action.alert)
  if (!alert) return
  const event = eventOf(action.kind === 'reopen' ? { ...alert, title: action.source.title } : alert)
  if (action.kind === 'join')
    await db.batch([
      ...store.addSource(alert.id, action.source),
      store.addEntry(alert.id, 'joined', `${action.source.title}: ${action.source.reason}`),
    ])
  else if (action.kind === 'resolve') {
    const since = action.quietMs === 0 ? '' : ` for ${action.quietMs / 60_000} minutes`
    const reason = `everything that fired has ended${since}`
    await db.batch([
      store.resolve(alert.id, null),
      store.addEntry(alert.id, 'resolved', reason),
      notifications.announceEnd(alert.id),
      event('dev.cdeventsx.fairlead-alert.resolved', reason),
    ])
    parts.onNotification()
  } else {
    const reason = action.kind === 'expire' ? 'the acknowledgement expired' : action.source.reason
    await db.batch([
      action.kind === 'reopen'
        ? store.reopen(alert.id, action.source, action.source.onset)
        : store.reopen(alert.id, alert, null),
      ...(action.kind === 'reopen' ? store.addSource(alert.id, action.source) : []),
      store.addEntry(alert.id, action.kind === 'expire' ? 'expired' : 'reopened', reason),
      event('dev.cdeventsx.fairlead-alert.reopened', reason),
    ])
  }
}

async function open(parts: AlertsParts, sources: Firing[], live: Live): Promise<void> {
  const { db } = parts
  const first = sources.find(({ urgency }) => urgency === 'high') ?? sources[0]
  if (!first) return
  const id = await store.nextAlert(db)
  const { suspects, machine } = await explainFirst(parts, sources, first, live)
  const { app, environment, service, title, urgency } = first
  const experiment = await experimentIn(db, first)
  const reason = [first.reason, machine, experiment].filter((one) => one !== null).join('; ')
  await db.batch([
    store.insertAlert(id, { ...first, reason }, suspects),
    ...sources.flatMap((source) => store.addSource(id, source)),
    ...sources.map((one) => store.addEntry(id, 'opened', `${one.title}: ${one.reason}`)),
    addChanges(id),
    appendEvent({
      type: 'dev.cdeventsx.fairlead-alert.opened',
      subject: `alert/${id}`,
      chain: app === null ? 'server' : `app/${app}`,
      ...(app === null ? {} : { app }),
      data: { environment, service, title, urgency, reason },
    }),
  ])
}

/** The experiment under way in the environment of an alert, in words; null without one. */
async function experimentIn(
  db: Database,
  { app, environment }: Pick<Firing, 'app' | 'environment'>,
): Promise<string | null> {
  const found = (await runningExperiments(db)).find(
    (one) => one.app === app && one.environment === environment,
  )
  return found ? `run ${found.id} of the experiment ${found.name} is under way` : null
}

/**
 * Who may have caused it, and what the machine lacked. If another app used up the machine after a
 * deployment of its own, these are its authors, unless a deployment of the failing app explains it.
 */
async function explainFirst(
  parts: AlertsParts,
  sources: Firing[],
  first: Firing,
  live: Live,
): Promise<{ suspects: Suspect[]; machine: string | null }> {
  const { findSuspects, readMachine } = parts
  const numbers = (kind: string): number[] =>
    sources.flatMap(({ source }) => {
      const [of, number] = source.split('/')
      return of === kind ? Number(number) : []
    })
  const failing = {
    ...{ errors: numbers('error'), monitors: numbers('monitor'), service: first.service },
  }
  const [promise] = numbers('promise')
  if (promise !== undefined) return { suspects: await keeperOf(parts.db, promise), machine: null }
  const machine = first.app === null ? null : fullMachine(await readMachine(), first.onset.from)
  const other = machine?.most ? explain(first.onset, liveIn(live, machine.most)) : null
  const isOther = first.deployment === null && other !== null
  const suspects = await findSuspects(first.deployment ?? other, isOther ? {} : failing)
  const from = isOther ? `${machine?.most?.app} used up the machine, and ` : ''
  return {
    suspects: suspects.map((one) => ({ ...one, reason: `${from}${one.reason}` })),
    machine: machine?.reason ?? null,
  }
}

/** The person who informs the customers gets the message first, as a suspect does. */
async function keeperOf(db: Database, update: number): Promise<Suspect[]> {
  const keeper = await promiseKeeper(db, update)
  if (!keeper || keeper.person === null) return []
  const { incident, person } = keeper
  const reason = `they inform the customers about incident ${incident}`
  return [{ name: person, email: null, user: person, reason }]
}

const eventOf =
  ({
    id,
    app,
    environment,
    service,
    title,
  }: NonNullable<Awaited<ReturnType<typeof store.getAlert>>>) =>
  (
    type: 'dev.cdeventsx.fairlead-alert.resolved' | 'dev.cdeventsx.fairlead-alert.reopened',
    reason: string,
  ): Statement =>
    appendEvent({
      ...{ type, subject: `alert/${id}`, chain: app === null ? 'server' : `app/${app}` },
      ...(app === null ? {} : { app }),
      data: { environment, service, title, reason },
    })
