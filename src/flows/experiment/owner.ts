import { shiftAt } from '#domains/oncall/shifts.ts'
import * as oncall from '#domains/oncall/store.ts'
import { defaultTeam, nextHours } from '#flows/monitoring/escalate.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { ownersOf } from '#views/owners.ts'

/** Who owns a service, and whether they are there. */
export interface OwnerFacts {
  /** null for nobody */
  onCall: string | null
  /** milliseconds; null during working hours, and without them */
  hoursBegin: number | null
}

/** The team that `owners` of fairlead.yaml names for a service, or the team `default`. */
async function teamOfService(
  db: Database,
  { app, service }: { app: string; service: string },
): Promise<oncall.StoredTeam | null> {
  const teams = await oncall.listTeams(db)
  const owner = await ownersOf(db, { app, service })
  const named = (name: string | null) => teams.find((team) => team.name === name)
  return named(owner) ?? named(defaultTeam) ?? null
}

/** The working hours of the team that owns a service; null when it has set none. */
export async function readWorking(
  db: Database,
  of: { app: string; service: string },
): Promise<oncall.StoredTeam['escalation']['working']> {
  return (await teamOfService(db, of))?.escalation.working ?? null
}

/** The first person whom the steps of the team reach now, and its working hours. */
export async function readOwner(
  db: Database,
  of: { app: string; service: string },
  now: number,
): Promise<OwnerFacts> {
  const team = await teamOfService(db, of)
  if (!team) return { onCall: null, hoursBegin: null }
  const [rotas, overrides] = await Promise.all([
    oncall.listRotas(db),
    oncall.listOverrides(db, null, now),
  ])
  const personOf = (target: string): string | null => {
    const [kind, name] = [
      target.slice(0, target.indexOf(':')),
      target.slice(target.indexOf(':') + 1),
    ]
    if (kind === 'person') return name
    const rota = kind === 'rota' ? rotas.find((one) => one.name === name) : undefined
    const own = overrides.filter((one) => one.rota === name).map(oncall.spanOf)
    return rota ? (shiftAt(rota, own, now)?.person ?? null) : null
  }
  const { steps, working } = team.escalation
  const targets = steps.flatMap(({ notify }) => notify)
  return {
    onCall: targets.map(personOf).find((person) => person !== null) ?? null,
    hoursBegin: working && nextHours(working, now),
  }
}
