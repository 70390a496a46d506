import { FairleadError } from '#contract/errors.ts'
import type { Incident, IncidentChange, Mitigation } from '#contract/incident/incident.ts'
import { actWords } from '#contract/incident/act.ts'
import { announceAct } from '#domains/alert/notification-store.ts'
import { getRelease } from '#domains/deployment/store.ts'
import { decideAutomatic, guessOf } from '#domains/incident/automatic.ts'
import { insertGuess, listGuesses } from '#domains/incident/guess-store.ts'
import * as store from '#domains/incident/store.ts'
import { getStoredSwitch, setSwitch } from '#domains/switch/store.ts'
import { appendEvent } from '#engine/events.ts'
import type { Engine } from '#engine/workflow.ts'
import type { Logger } from '#platform/log.ts'
import { planRollback, startRollback } from '#flows/deployment/plan-rollback.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import type { Statement } from '#platform/postgres/sql.ts'
import { liveDeployment, pendingDeployments } from '#views/deployment.ts'
import { alertsOfIncident } from '#views/incident.ts'
import { mitigationsOf } from './mitigations.ts'
import { factsOf, headOf } from './words.ts'

export interface MitigateParts {
  db: Database
  log: Pick<Logger, 'error'>
  engine: Pick<Engine, 'startStatements'>
  now(): number
}

/** The place of an incident, in which something can be done. */
type Placed = Incident & { app: string; environment: string }

const isPlaced = (incident: Incident): incident is Placed =>
  incident.app !== null && incident.environment !== null

/**
 * Does what Fairlead proposes for open incidents where fairlead.yaml allows it. What is done and
 * that it was done are one transaction, so that no crash repeats it or forgets it.
 */
export async function mitigateIncidents(parts: MitigateParts): Promise<void> {
  const { db, log, now } = parts
  for (const incident of (await allOpen(db)).filter(isPlaced)) {
    try {
      const changes = await store.listChanges(db, incident.id)
      const decided = await automaticOf(db, incident, changes, now())
      const [suspect] = changes
      if (decided !== null && 'act' in decided && suspect)
        await act(parts, incident, decided.act, suspect)
    } catch (error) {
      // The others must not wait for it; it is tried again.
      const reason = (error as Error).message
      log.error('Fairlead could not act on an incident', { incident: incident.id, reason })
    }
  }
}

const atOnce = 100

async function allOpen(db: Database): Promise<Incident[]> {
  const all: Incident[] = []
  for (;;) {
    const page = { state: 'open' as const, apps: null, before: all.at(-1)?.id, limit: atOnce }
    const more = await store.listIncidents(db, page)
    all.push(...more)
    if (more.length < atOnce) return all
  }
}

/** Whether Fairlead acts by itself; null where fairlead.yaml does not ask it to. */
export async function automaticOf(
  db: Database,
  incident: Incident,
  changes: IncidentChange[],
  now: number,
): Promise<ReturnType<typeof decideAutomatic>> {
  if (!isPlaced(incident)) return null
  const { app, environment } = incident
  const live = await liveDeployment(db, app, environment)
  const release = live && (await getRelease(db, live.release))
  const settings = release?.definition.incidents?.automatic
  if (!settings?.act) return null
  const [mitigations, guesses, pending, alerts] = await Promise.all([
    mitigationsOf(db, incident, changes, now),
    listGuesses(db, app, environment),
    pendingDeployments(db, app, environment),
    alertsOfIncident(db, incident.id),
  ])
  return decideAutomatic({
    ...{ settings, incident, mitigations, guesses, now, suspect: changes[0] ?? null },
    isFiring: alerts.some(({ resolved }) => resolved === null),
    isDeploying: pending.length > 0,
  })
}

async function act(
  parts: MitigateParts,
  incident: Placed,
  mitigation: Mitigation,
  suspect: IncidentChange,
): Promise<void> {
  const { app, environment, id, occurrence } = incident
  const alerts = await alertsOfIncident(parts.db, id)
  const firing = alerts.filter(({ resolved }) => resolved === null).map((one) => one.id)
  const record = (problem: string | null): Statement[] => {
    const done = { act: mitigation.text, suspect: suspect.text, problem }
    const data = { ...factsOf(incident), ...done, confidence: suspect.confidence ?? 0 }
    return [
      insertGuess({
        ...{ incident: id, occurrence, app, environment, problem, now: parts.now() },
        guess: guessOf(suspect),
      }),
      ...announceAct(firing, actWords(data)),
      appendEvent({
        ...{ type: 'dev.cdeventsx.fairlead-incident.acted', ...headOf(incident), data },
      }),
    ]
  }
  const writes = await writesOf(parts, incident, mitigation).catch((error: unknown) => {
    if (error instanceof FairleadError) return error.message
    throw error
  })
  await parts.db.batch(typeof writes === 'string' ? record(writes) : [...record(null), ...writes])
}

const writesOf = (
  parts: MitigateParts,
  incident: Placed,
  { kind, name }: Mitigation,
): Promise<Statement[]> =>
  kind === 'switch' && name !== null ? turnOff(parts.db, incident, name) : rollBack(parts, incident)

async function turnOff(
  db: Database,
  { id, app, environment }: Placed,
  name: string,
): Promise<Statement[]> {
  const before = (await getStoredSwitch(db, { app, environment, name }))?.version ?? 0
  const setting = { serve: { variant: 'off' }, split: [], keys: {} }
  const reason = `incident ${id}`
  return [
    setSwitch({
      ...{ app, environment, name, before, setting, reason, actor: 'fairlead' },
      ...{ pulledBy: null, cause: null },
    }),
    appendEvent({
      type: 'dev.cdeventsx.fairlead-switch.changed',
      ...{ subject: `switch/${app}/${environment}/${name}`, chain: `app/${app}`, app },
      data: { environment, name, setting, to: 'off', version: before + 1, reason },
    }),
  ]
}

async function rollBack(
  { db, engine }: MitigateParts,
  { id, app, environment }: Placed,
): Promise<Statement[]> {
  const plan = await planRollback(db, app, environment)
  const rollback = await startRollback(db, plan, 'fairlead', `incident ${id}`)
  return [
    ...rollback.writes,
    appendEvent(rollback.event),
    ...engine.startStatements(rollback.workflow),
  ]
}
