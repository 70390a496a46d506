import type { SwitchFile } from '#contract/pipeline-file/switch-file.ts'
import type { SwitchView } from '#contract/switch/switch.ts'
import { definitionOf, switchesIn } from '#domains/switch/definition.ts'
import type { RolloutFile } from '#contract/pipeline-file/switch-file.ts'
import type { SwitchRollout } from '#contract/switch/rollout.ts'
import { choiceText } from '#contract/switch/text.ts'
import { addTallies } from '#domains/switch/rollout.ts'
import { listRollouts, type StoredRollout } from '#domains/switch/rollout-store.ts'
import { listStored, type StoredSwitch, type SwitchKey } from '#domains/switch/store.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { evaluate } from '#platform/switch/evaluate.ts'
import { allLiveReleases, definitionsOf } from '#views/watched.ts'

/** The switches of the live releases, and those that were set and that no live release has. */
export async function listSwitchViews(
  db: Database,
  now: number,
  { app, environment }: { app?: string | undefined; environment?: string | undefined },
): Promise<SwitchView[]> {
  const isMeant = (one: { app: string; environment: string }): boolean =>
    (app === undefined || one.app === app) &&
    (environment === undefined || one.environment === environment)
  const live = (await allLiveReleases(db)).filter(isMeant)
  const definitions = await definitionsOf(db, [...new Set(live.map(({ release }) => release))])
  const files = live.flatMap((one) => {
    const found = definitions.find(({ release }) => release === one.release)
    return Object.entries(switchesIn(found?.definition)).map(([name, file]) => ({
      ...{ app: one.app, environment: one.environment, name, file },
    }))
  })
  const stored = (await listStored(db)).filter(isMeant)
  const rollouts = (await listRollouts(db)).filter(isMeant)
  const isSame = (one: SwitchKey, other: SwitchKey): boolean =>
    one.app === other.app && one.environment === other.environment && one.name === other.name
  const left = stored.filter(
    (one) => one.setting !== null && !files.some((file) => isSame(file, one)),
  )
  const rolloutOf = (key: SwitchKey): SwitchRollout | null => {
    const found = rollouts.find((one) => isSame(one, key))
    return found ? rolloutView(found) : null
  }
  return [
    ...files.map((one) =>
      viewOf(one, one.file, stored.find((set) => isSame(set, one)) ?? null, now),
    ),
    ...left.map((one) => viewOf(one, null, one, now)),
  ].map((view) => ({ ...view, rollout: rolloutOf(view) }))
}

/** How fairlead.yaml of the live release changes a switch gradually; null when it does not say. */
export async function rolloutFileOf(db: Database, key: SwitchKey): Promise<RolloutFile | null> {
  const live = (await allLiveReleases(db)).filter(
    (one) => one.app === key.app && one.environment === key.environment,
  )
  const [definition] = await definitionsOf(
    db,
    live.map(({ release }) => release),
  )
  return switchesIn(definition?.definition)[key.name]?.rollout ?? null
}

const rolloutView = ({ state, serve, steps, step, counts, ...one }: StoredRollout) => ({
  ...{ state, steps, step, reason: one.reason, started: one.started, stepBegan: one.stepBegan },
  to: choiceText(serve),
  tallies: addTallies(Object.values(counts).flat()),
})

function viewOf(
  { app, environment, name }: SwitchKey,
  file: SwitchFile | null,
  stored: StoredSwitch | null,
  now: number,
): Omit<SwitchView, 'rollout'> {
  const definition = file && definitionOf(file)
  const setting = stored?.setting ?? null
  const found = definition && evaluate(name, { definition, setting }, null)
  const expires = file?.expires ?? null
  return {
    ...{ app, environment, name, definition, setting, expires },
    ...{ value: found?.value ?? null, variant: found?.variant ?? null },
    steps: file?.rollout?.steps ?? null,
    ...{ owner: file?.owner ?? null, description: file?.description ?? '' },
    isExpired: expires !== null && Date.parse(expires) <= now,
    version: stored?.version ?? 0,
    reason: stored?.reason ?? '',
    actor: stored?.actor ?? null,
    changed: stored?.changed ?? null,
    pulledBy: stored?.pulledBy ?? null,
  }
}
