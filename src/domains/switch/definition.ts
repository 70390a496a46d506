import { z } from 'zod'
import { type SwitchFile, switchFile } from '#contract/pipeline-file/switch-file.ts'
import type { SwitchDefinition } from '#contract/switch/switch.ts'

/** A switch of fairlead.yaml as it is served. Pure. */
export function definitionOf({ type, default: standard, variants }: SwitchFile): SwitchDefinition {
  if (type === 'boolean')
    return {
      ...{ type, variants: { on: true, off: false } },
      default: { variant: standard === true ? 'on' : 'off' },
    }
  const isNamed = Object.keys(variants).length > 0
  return {
    ...{ type, variants },
    default: isNamed ? { variant: String(standard) } : { value: standard },
  }
}

const stored = z.object({ switches: z.record(z.string(), z.unknown()).default({}) })

/** The switches in a stored definition; an older one has none. */
export function switchesIn(definition: unknown): Record<string, SwitchFile> {
  const { data } = stored.safeParse(definition)
  return Object.fromEntries(
    Object.entries(data?.switches ?? {}).flatMap(([name, one]) => {
      const parsed = switchFile.safeParse(one)
      return parsed.success ? [[name, parsed.data]] : []
    }),
  )
}

/** The switches of a stored definition as they are served. */
export const definitionsIn = (definition: unknown): Record<string, SwitchDefinition> =>
  Object.fromEntries(
    Object.entries(switchesIn(definition)).map(([name, one]) => [name, definitionOf(one)]),
  )
