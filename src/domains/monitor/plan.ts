import { z } from 'zod'
import { type Urgency, urgencies } from '#contract/alert/alert.ts'
import type { MonitorFile } from '#contract/pipeline-file/monitor-file.ts'
import { monitorKinds } from '#platform/monitor/kinds.generated.ts'
import type { MonitorKind } from '#platform/monitor/monitor-kind.ts'

const kinds = monitorKinds as unknown as readonly MonitorKind[]
export const monitorKind = (name: string): MonitorKind | null =>
  kinds.find(({ kind }) => kind === name) ?? null

/** How a monitor is checked and judged. Durations are in milliseconds. */
export interface MonitorSettings {
  every: number
  timeout: number
  failures: number
  recoveries: number
  /** names of monitors of the same environment */
  needs: string[]
  maintenance: MonitorFile['maintenance']
  /** names of switches of the same environment; absent in older rows */
  pulls?: string[] | undefined
  /** the hosts that check it, or `every-host`; absent when it is checked by the environment's */
  from?: string[] | undefined
  /** of the kind, as the file has them */
  check: unknown
}

/** A monitor that the live release of an environment has. */
export interface WantedMonitor {
  app: string
  environment: string
  service: string | null
  kind: string
  name: string
  urgency: Urgency | null
  settings: MonitorSettings
}

/** The part of a stored definition that monitors come from; older ones have no monitors. */
export const monitoredDefinition = z.object({
  monitors: z.record(z.string(), z.unknown()).default({}),
})

/** A monitor as a release stores it: parsed, so its durations are milliseconds by now. */
const storedMonitor = z.looseObject({
  every: z.number().optional(),
  timeout: z.number(),
  failures: z.number().optional(),
  recoveries: z.number(),
  needs: z.array(z.string()),
  environments: z.array(z.string()),
  service: z.string().optional(),
  urgency: z.enum(urgencies).optional(),
  maintenance: z.custom<MonitorFile['maintenance']>(Array.isArray),
  pulls: z.array(z.string()).optional(),
  from: z.array(z.string()).optional(),
})

/** The monitors of an environment, as its live release has them. Pure. */
export function wantedMonitors(
  { app, environment }: { app: string; environment: string },
  definition: unknown,
): WantedMonitor[] {
  const { data } = monitoredDefinition.safeParse(definition)
  return Object.entries(data?.monitors ?? {}).flatMap(([name, stored]) => {
    const parsed = storedMonitor.safeParse(stored)
    if (!parsed.success) return []
    const { every, timeout, failures, recoveries, needs, environments, ...rest } = parsed.data
    if (environments.length > 0 && !environments.includes(environment)) return []
    const kind = kinds.find((one) => one.kind in rest)
    if (!kind) return []
    return [
      {
        ...{ app, environment, name, kind: kind.kind },
        service: rest.service ?? null,
        urgency: rest.urgency ?? null,
        settings: {
          ...{ every: every ?? kind.every, failures: failures ?? kind.failures },
          ...{ timeout, recoveries, needs, maintenance: rest.maintenance },
          ...{ pulls: rest.pulls, from: rest.from },
          check: rest[kind.kind],
        },
      },
    ]
  })
}
