import type { HostRelease } from '#contract/host/release.ts'
import type { HostSwitchChange, HostSwitches } from '#contract/host/switches.ts'
import type { SwitchDefinition } from '#contract/switch/switch.ts'
import { evaluate, type SwitchState } from '#platform/switch/evaluate.ts'

/** The switches of the releases of an environment, those of the one with the traffic first. */
export interface SwitchSource {
  app: string
  environment: string
  releases: Record<string, SwitchDefinition>[]
}

interface RunningEnvironment {
  name: { app: string; environment: string }
  /** the release with the traffic */
  routed: number | null
  releases: ReadonlyMap<
    number,
    { number: number; desired: string; spec: Pick<HostRelease, 'switches'> }
  >
}

/** The newest release comes right after the one with the traffic. */
export function sourceOf({ name, routed, releases }: RunningEnvironment): SwitchSource {
  const rank = ({ number }: { number: number }): number => (number === routed ? -Infinity : -number)
  const running = [...releases.values()].filter(({ desired }) => desired === 'running')
  const ordered = running.toSorted((a, b) => rank(a) - rank(b))
  return { ...name, releases: ordered.map(({ spec }) => spec.switches ?? {}) }
}

/**
 * The switches of an environment by name. The release with the traffic decides what a switch is; a
 * release that starts adds those that only it has.
 */
export function statesOf(
  { app, environment, releases }: SwitchSource,
  { settings }: Pick<HostSwitches, 'settings'>,
): Map<string, SwitchState> {
  const own = settings.filter((one) => one.app === app && one.environment === environment)
  const set = new Map(own.map(({ name, setting }) => [name, setting]))
  const states = new Map<string, SwitchState>()
  for (const definitions of releases)
    for (const [name, definition] of Object.entries(definitions))
      if (!states.has(name)) states.set(name, { definition, setting: set.get(name) ?? null })
  return states
}

/** The text of `$FAIRLEAD_SWITCHES`; docs/switches.md describes it. */
export function fileText(states: ReadonlyMap<string, SwitchState>): string {
  const switches = [...states].map(([name, state]) => {
    const { value, variant } = evaluate(name, state, null)
    const { type, default: standard, variants } = state.definition
    return [name, { value, variant, type, default: standard, variants, setting: state.setting }]
  })
  return `${JSON.stringify({ switches: Object.fromEntries(switches) as unknown }, null, 1)}\n`
}

/** The settings after changes on the host, which are newer. Pure. */
export function settingsAfter(
  settings: HostSwitches['settings'],
  changes: readonly HostSwitchChange[],
): HostSwitches['settings'] {
  return changes.reduce((before, { app, environment, name, setting }) => {
    const others = before.filter(
      (one) => one.app !== app || one.environment !== environment || one.name !== name,
    )
    return setting === null ? others : [...others, { app, environment, name, setting }]
  }, settings)
}
