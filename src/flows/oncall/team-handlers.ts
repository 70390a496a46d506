import { FairleadError } from '#contract/errors.ts'
import type { Caller, SomeHandlers } from '#contract/handler.ts'
import type { Escalation, Team } from '#contract/oncall/oncall.ts'
import { listUsers } from '#domains/access/user-store.ts'
import { listChannels } from '#domains/alert/channel-store.ts'
import * as store from '#domains/oncall/store.ts'
import { appendEvent } from '#engine/events.ts'
import type { Database } from '#platform/postgres/postgres.ts'

export function teamHandlers(db: Database): SomeHandlers<'listTeams' | 'putTeam' | 'deleteTeam'> {
  return {
    listTeams: async () => ({ teams: await listTeamViews(db) }),
    putTeam: async ({ params: { team: name }, body }, caller) => {
      const [missing] = await missingOf(db, body)
      if (missing !== undefined) {
        const [kind, id] = splitTarget(missing)
        throw new FairleadError('not_found', { kind: kind === 'person' ? 'user' : kind, id })
      }
      await db.batch([
        store.putTeam(name, body),
        appendEvent({
          type: 'dev.cdeventsx.fairlead-team.modified',
          ...ofTeam(name, caller),
          data: { steps: body.steps.length },
        }),
      ])
      return (await listTeamViews(db)).find((team) => team.name === name)!
    },
    deleteTeam: async ({ params: { team: name } }, caller) => {
      if (!(await store.listTeams(db)).some((team) => team.name === name))
        throw new FairleadError('not_found', { kind: 'team', id: name })
      const type = 'dev.cdeventsx.fairlead-team.deleted'
      await db.batch([store.deleteTeam(name), appendEvent({ type, ...ofTeam(name, caller) })])
      return { done: true }
    },
  }
}

async function listTeamViews(db: Database): Promise<Team[]> {
  const teams = await store.listTeams(db)
  return Promise.all(
    teams.map(async ({ name, escalation, modified }) => ({
      ...{ ...escalation, name, modified },
      missing: await missingOf(db, escalation),
    })),
  )
}

/** The targets of the steps that do not exist. */
async function missingOf(db: Database, { steps }: Escalation): Promise<string[]> {
  const [rotas, users, channels] = await Promise.all([
    store.listRotas(db),
    listUsers(db),
    listChannels(db),
  ])
  const known = new Set([
    ...rotas.map(({ name }) => `rota:${name}`),
    ...users.map(({ name }) => `person:${name}`),
    ...channels.map(({ name }) => `channel:${name}`),
  ])
  return [...new Set(steps.flatMap(({ notify }) => notify))].filter((one) => !known.has(one))
}

const splitTarget = (target: string): [string, string] => {
  const at = target.indexOf(':')
  return [target.slice(0, at), target.slice(at + 1)]
}

const ofTeam = (team: string, caller: Caller) => ({
  ...{ subject: `team/${team}`, chain: 'server', actor: caller },
})
