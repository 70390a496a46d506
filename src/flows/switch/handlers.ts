import { visibleApps } from '#contract/access/grants.ts'
import { FairleadError } from '#contract/errors.ts'
import { describeEvent } from '#contract/event/describe.ts'
import type { SomeHandlers } from '#contract/handler.ts'
import type { SwitchView } from '#contract/switch/switch.ts'
import { settingText } from '#contract/switch/text.ts'
import { getStoredSwitch, setSwitch, type SwitchKey } from '#domains/switch/store.ts'
import { appendEvent, readEvents } from '#engine/events.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { settingProblem } from '#platform/switch/evaluate.ts'
import { startRollout } from './rollout.ts'
import { serveSwitches, type SyncSwitchesParts, takeChanges } from './sync.ts'
import { listSwitchViews } from './views.ts'

export interface SwitchHandlersOptions extends SyncSwitchesParts {
  /** milliseconds since 1970 */
  now(): number
}

const mostChanges = 50

/** The endpoints of switches. */
export function switchHandlers(
  options: SwitchHandlersOptions,
): SomeHandlers<'listSwitches' | 'getSwitch' | 'setSwitch' | 'startSwitchRollout'> {
  const { db, now } = options
  return {
    listSwitches: async ({ query }, caller) => {
      const apps = visibleApps(caller)
      const all = await listSwitchViews(db, now(), query)
      return { switches: all.filter(({ app }) => apps === null || apps.includes(app)) }
    },
    getSwitch: async ({ params }) => {
      const found = await mustGet(db, now(), keyOf(params))
      const { app, environment, name } = found
      const subject = `switch/${app}/${environment}/${name}`
      const events = await readEvents(db, { app, subject, limit: mostChanges })
      return {
        ...found,
        changes: events.map((event) => ({ time: event.time, text: describeEvent(event).text })),
      }
    },
    setSwitch: async ({ params, body: { setting, reason, version } }, caller) => {
      const key = keyOf(params)
      await takeChanges(options)
      const found = await mustGet(db, now(), key)
      if (found.definition === null && setting !== null)
        throw new FairleadError('not_now', {
          why: `The live release of ${key.environment} does not have the switch ${key.name}`,
        })
      const problem = setting && found.definition && settingProblem(found.definition, setting)
      if (problem) throw new FairleadError('invalid_input', { field: 'body.setting', problem })
      const before = version ?? found.version
      if (before !== found.version) throw overtaken(found.actor, key)
      const change = { ...key, before, setting, reason, actor: caller.name }
      const { app, environment, name } = key
      try {
        await db.batch([
          setSwitch({ ...change, pulledBy: null, cause: null }),
          appendEvent({
            type: 'dev.cdeventsx.fairlead-switch.changed',
            ...{ subject: `switch/${app}/${environment}/${name}`, chain: `app/${app}`, app },
            actor: caller,
            data: {
              ...{ environment, name, setting, to: settingText(setting), reason },
              version: before + 1,
            },
          }),
        ])
      } catch (error) {
        const stored = await getStoredSwitch(db, key)
        if ((stored?.version ?? 0) === before) throw error
        throw overtaken(stored?.actor, key)
      }
      const isServed = await serveSwitches(options)
      return { switch: await mustGet(db, now(), key), isServed }
    },
    startSwitchRollout: async ({ params, body }, caller) => {
      const key = keyOf(params)
      await takeChanges(options)
      const found = await mustGet(db, now(), key)
      try {
        await startRollout(db, found, body, caller)
      } catch (error) {
        if (error instanceof FairleadError) throw error
        const stored = await getStoredSwitch(db, key)
        if ((stored?.version ?? 0) === found.version) throw error
        throw overtaken(stored?.actor, key)
      }
      const isServed = await serveSwitches(options)
      return { switch: await mustGet(db, now(), key), isServed }
    },
  }
}

const overtaken = (actor: string | null | undefined, { name }: SwitchKey): FairleadError =>
  new FairleadError('not_now', {
    why: `${actor ?? 'Somebody'} has changed the switch ${name} meanwhile`,
  })

const keyOf = (params: { app: string; environment: string; switch: string }): SwitchKey => ({
  ...{ app: params.app, environment: params.environment, name: params.switch },
})

async function mustGet(db: Database, now: number, key: SwitchKey): Promise<SwitchView> {
  const { app, environment, name } = key
  const views = await listSwitchViews(db, now, { app, environment })
  const found = views.find((one) => one.name === name)
  if (!found) throw new FairleadError('not_found', { kind: 'switch', id: name })
  return found
}
