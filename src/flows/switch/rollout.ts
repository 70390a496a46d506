import { randomBytes } from 'node:crypto'
import { FairleadError } from '#contract/errors.ts'
import type { Caller } from '#contract/handler.ts'
import { settingAfter } from '#contract/switch/change.ts'
import type { SwitchChoice, SwitchSetting, SwitchView } from '#contract/switch/switch.ts'
import { choiceText, settingText } from '#contract/switch/text.ts'
import { addTallies, decideRollout, type RolloutChange } from '#domains/switch/rollout.ts'
import {
  insertRollout,
  isGoingOn,
  listRollouts,
  setRollout,
  type StoredRollout,
} from '#domains/switch/rollout-store.ts'
import { listStored, setSwitch, type StoredSwitch, type SwitchKey } from '#domains/switch/store.ts'
import { riseEvidence, type Tally } from '#domains/verdict/statistics/errors.ts'
import { appendEvent } from '#engine/events.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import type { RolloutTally } from '#contract/switch/rollout.ts'
import { settingProblem } from '#platform/switch/evaluate.ts'
import { rolloutFileOf } from './views.ts'

/** A rise of the part of failing keys that is tolerated, as a factor. */
const tolerated = 1.1

/** Begins a gradual change of a switch for the first share of the targeting keys. */
export async function startRollout(
  db: Database,
  found: SwitchView,
  { serve, reason }: { serve: SwitchChoice; reason: string },
  caller: Caller,
): Promise<void> {
  const { app, environment, name, definition, setting: fallback, version: before } = found
  const file = await rolloutFileOf(db, found)
  if (definition === null || file === null)
    throw new FairleadError('not_now', {
      why:
        `The switch ${name} of the live release has no \`rollout\` in fairlead.yaml, which says ` +
        'how a request names its targeting key',
    })
  const [percent = 1] = file.steps
  const setting = settingAfter(definition, fallback, serve, { percent })
  const problem = settingProblem(definition, setting)
  if (problem) throw new FairleadError('invalid_input', { field: 'body.serve', problem })
  const key = { app, environment, name }
  const why = ['gradually', reason].filter(Boolean).join(': ')
  await db.batch([
    setSwitch({
      ...{ ...key, before, setting, reason: why, actor: caller.name, pulledBy: null, cause: null },
    }),
    insertRollout({
      ...{ ...key, id: randomBytes(8).toString('hex'), version: before + 1, serve, fallback },
      ...{ key: file.key, steps: file.steps, every: file.every * 1000, alpha: file.alpha },
    }),
    changed(key, { setting, reason: why, version: before + 1 }, caller),
  ])
}

/** Decides about every gradual change that goes on. */
export async function advanceRollouts(db: Database, now: number): Promise<void> {
  const going = (await listRollouts(db)).filter(isGoingOn)
  if (going.length === 0) return
  const stored = await listStored(db)
  for (const one of going) {
    const own = stored.find((set) => isSame(set, one))
    if (own?.version === one.version) await advance(db, one, own, now)
    else await end(db, one, own)
  }
}

export const isSame = (one: SwitchKey, other: SwitchKey): boolean =>
  one.app === other.app && one.environment === other.environment && one.name === other.name

const end = async (db: Database, one: StoredRollout, own?: StoredSwitch): Promise<void> => {
  const { step, version } = one
  const reason = `${own?.actor ?? 'somebody'} set the switch`
  await db.query(setRollout(one, { state: 'ended', reason, step, version }))
}

async function advance(
  db: Database,
  one: StoredRollout,
  own: StoredSwitch,
  now: number,
): Promise<void> {
  const { steps, step, every, alpha, version } = one
  const tallies = addTallies(Object.values(one.counts).flat())
  const evidence = Math.exp(riseEvidence(tallies.map(tallyOf), tolerated))
  const decision = decideRollout({
    ...{ steps, step, every, tallies, evidence, alpha, to: choiceText(one.serve) },
    elapsed: now - Date.parse(one.stepBegan),
  })
  if (decision.do === 'go on') return
  if (decision.do === 'wait') {
    if (one.state === 'waiting' && one.reason === decision.reason) return
    const { reason } = decision
    await db.query(setRollout(one, { state: 'waiting', reason, step, version }))
    return
  }
  await change(db, one, own, decision)
}

/** A key with the new value counts as a request of a canary. */
const tallyOf = ({ percent, on, off }: RolloutTally): Tally => ({
  share: percent / 100,
  requests: { baseline: off.keys, canary: on.keys },
  errors: { baseline: off.failed, canary: on.failed },
})

const states = { step: 'running', 'take back': 'harmful', finish: 'finished' } as const

async function change(
  db: Database,
  one: StoredRollout,
  own: StoredSwitch,
  decision: RolloutChange,
): Promise<void> {
  const setting = settingOf(one, own, decision)
  const { app, environment, name, version: before } = one
  const { reason } = decision
  const isBack = decision.do === 'take back'
  const next = { setting, reason, version: before + 1 }
  await db.batch([
    setSwitch({
      ...{ app, environment, name, before, setting, reason, actor: 'fairlead' },
      ...{ pulledBy: null, cause: null },
    }),
    setRollout(one, {
      ...{ state: states[decision.do], reason, version: before + 1 },
      step: decision.do === 'step' ? decision.step : one.step,
    }),
    isBack ? rolledBack(one, next) : changed(one, next),
  ])
}

function settingOf(
  { serve, fallback, steps }: StoredRollout,
  { setting }: StoredSwitch,
  decision: RolloutChange,
): SwitchSetting | null {
  if (decision.do === 'take back') return fallback
  if (decision.do === 'finish' || setting === null) return { serve, split: [], keys: {} }
  return { ...setting, split: [{ percent: steps[decision.step] ?? 0, serve }] }
}

interface Next {
  setting: SwitchSetting | null
  reason: string
  version: number
}

const aboutSwitch = ({ app, environment, name }: SwitchKey) => ({
  ...{ subject: `switch/${app}/${environment}/${name}`, chain: `app/${app}`, app },
})

const changed = (key: SwitchKey, { setting, reason, version }: Next, actor?: Caller) =>
  appendEvent({
    type: 'dev.cdeventsx.fairlead-switch.changed',
    ...aboutSwitch(key),
    ...(actor && { actor }),
    data: {
      ...{ environment: key.environment, name: key.name, setting, reason, version },
      to: settingText(setting),
    },
  })

const rolledBack = (key: SwitchKey, { setting, reason, version }: Next) =>
  appendEvent({
    type: 'dev.cdeventsx.fairlead-switch.rolledback',
    ...aboutSwitch(key),
    data: {
      ...{ environment: key.environment, name: key.name, setting, reason, version },
      to: settingText(setting),
    },
  })
