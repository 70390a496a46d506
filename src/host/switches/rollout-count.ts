import { hash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { z } from 'zod'
import type { HostSwitches } from '#contract/host/switches.ts'
import { rolloutTally, type RolloutTally } from '#contract/switch/rollout.ts'
import { isInFirstShare } from '#platform/switch/evaluate.ts'
import { cookieIn } from '../edge/session.ts'

/** Keys of one share, and failing keys, that are remembered; further ones are not counted. */
const most = { keys: 200_000, failed: 20_000 }
/** A longer value of a header or cookie is no targeting key. */
const longestKey = 200

type Setting = HostSwitches['settings'][number]
type Rollout = Setting & { rollout: NonNullable<Setting['rollout']> }

/** A request whose targeting keys are counted when it has ended. */
export interface KeyedRequest {
  end(hasFailed: boolean): void
}

const saved = z.object({
  rollouts: z.array(
    z.object({ id: z.string(), tallies: z.array(rolloutTally), failed: z.array(z.number()) }),
  ),
})
type Saved = z.infer<typeof saved>['rollouts'][number]

/** The first 48 bits of a hash: the key itself is not kept. */
const numberOf = (id: string, key: string): number =>
  Number.parseInt(hash('sha256', `${id}\n${key}`).slice(0, 12), 16)

/**
 * Counts the targeting keys of one gradual change. A key counts once for each share, and as failed
 * once in all: its first failure is independent of the other keys, and a key that has failed says
 * nothing more.
 */
class RolloutCount {
  readonly id: string
  readonly tallies: RolloutTally[]
  readonly #failed: Set<number>
  readonly #seen = new Set<number>()
  #setting: Rollout

  constructor(setting: Rollout, before: Saved | undefined) {
    this.id = setting.rollout.id
    this.tallies = before?.tallies ?? []
    this.#failed = new Set(before?.failed)
    this.#setting = setting
    this.#begin(setting)
  }

  set(setting: Rollout): void {
    this.#setting = setting
    this.#begin(setting)
  }

  #begin({ setting: { split } }: Rollout): void {
    const percent = split[0]?.percent ?? 0
    if (this.tallies.at(-1)?.percent === percent) return
    this.tallies.push({ percent, on: { keys: 0, failed: 0 }, off: { keys: 0, failed: 0 } })
    this.#seen.clear()
  }

  begin(header: (name: string) => string): KeyedRequest | null {
    const { name, setting, rollout } = this.#setting
    const key = keyIn(rollout.key, header)
    const isOn = key === null ? null : isInFirstShare(name, setting, key)
    if (key === null || isOn === null) return null
    const tally = this.tallies.at(-1)!
    const [arm, number] = [isOn ? tally.on : tally.off, numberOf(rollout.id, key)]
    return { end: (hasFailed) => this.#end(number, arm, hasFailed) }
  }

  #end(number: number, arm: RolloutTally['on'], hasFailed: boolean): void {
    if (this.#failed.has(number)) return
    if (!this.#seen.has(number)) {
      if (this.#seen.size >= most.keys) return
      this.#seen.add(number)
      arm.keys += 1
    }
    if (!hasFailed || this.#failed.size >= most.failed) return
    this.#failed.add(number)
    arm.failed += 1
  }

  save = (): Saved => ({ id: this.id, tallies: this.tallies, failed: [...this.#failed] })
}

function keyIn(
  { header: name, cookie }: Rollout['rollout']['key'],
  header: (name: string) => string,
): string | null {
  const value =
    name === undefined
      ? (cookieIn(header('cookie'), cookie ?? '') ?? '')
      : header(name.toLowerCase())
  return value === '' || value.length > longestKey ? null : value
}

/** The gradual changes of all environments. */
export class RolloutCounts {
  readonly #file: string
  readonly #all = new Map<string, RolloutCount[]>()
  readonly #before: Map<string, Saved>
  #written = ''

  constructor(file: string) {
    this.#file = file
    this.#before = new Map(readSaved(file).map((one) => [one.id, one]))
  }

  /** Replaces how switches are set. */
  set(settings: readonly Setting[]): void {
    const known = new Map([...this.#all.values()].flat().map((one) => [one.id, one]))
    this.#all.clear()
    for (const setting of settings) {
      if (!isRollout(setting)) continue
      const { id } = setting.rollout
      const count = known.get(id) ?? new RolloutCount(setting, this.#before.get(id))
      count.set(setting)
      const place = `${setting.app}/${setting.environment}`
      this.#all.set(place, [...(this.#all.get(place) ?? []), count])
    }
  }

  /** Begins a request to an environment (`APP/ENVIRONMENT`); null when nothing is counted. */
  begin(place: string, header: (name: string) => string): KeyedRequest | null {
    if (this.#all.size === 0) return null
    const begun = (this.#all.get(place) ?? []).flatMap((one) => one.begin(header) ?? [])
    if (begun.length === 0) return null
    return {
      end: (hasFailed) => {
        for (const one of begun) one.end(hasFailed)
      },
    }
  }

  report(): { id: string; tallies: RolloutTally[] }[] {
    return [...this.#all.values()].flat().map(({ id, tallies }) => ({ id, tallies }))
  }

  /** Keeps the counts for the next host process, if they have changed. */
  save(write: (file: string, text: string) => void): void {
    if (this.#all.size === 0 && this.#written === '') return
    const rollouts = [...this.#all.values()].flat().map((one) => one.save())
    const text = JSON.stringify({ rollouts })
    if (text === this.#written) return
    write(this.#file, text)
    this.#written = text
  }
}

const isRollout = (setting: Setting): setting is Rollout =>
  setting.rollout !== undefined && setting.setting.split.length > 0

function readSaved(file: string): Saved[] {
  try {
    return saved.parse(JSON.parse(readFileSync(file, 'utf8'))).rollouts
  } catch {
    return []
  }
}
