import { z } from 'zod'

/** How a release says that the page shows its app. */
const stored = z.object({
  show: z.boolean().default(true),
  name: z.string().optional(),
  group: z.string().default(''),
  components: z
    .record(
      z.string(),
      z.object({
        name: z.string().optional(),
        group: z.string().optional(),
        service: z.string().optional(),
        route: z.string().optional(),
        monitors: z.array(z.string()).default([]),
      }),
    )
    .default({}),
  /** milliseconds */
  wait: z.number().default(900_000),
})

/** What decides the state of a component; without any of it, all of the environment does. */
export interface ComponentScope {
  service: string | null
  route: string | null
  monitors: string[]
}

export interface ComponentSettings {
  /** its key in fairlead.yaml; empty for the whole app */
  component: string
  name: string
  group: string
  scope: ComponentScope
}

export interface PageSettings {
  show: boolean
  name: string
  /** milliseconds for which words about an incident wait for a person */
  wait: number
  /** at least one */
  components: ComponentSettings[]
}

/** The settings in a stored definition; an older one is shown under the name of its app. */
export function pageSettings(app: string, status: unknown): PageSettings {
  const { show, wait, group, ...data } = stored.safeParse(status ?? {}).data ?? stored.parse({})
  const name = data.name ?? app
  const components = Object.entries(data.components).map(([component, one]): ComponentSettings => ({
    ...{ component, name: one.name ?? component, group: one.group ?? group },
    scope: { service: one.service ?? null, route: one.route ?? null, monitors: one.monitors },
  }))
  const whole = { component: '', name, group, scope: { service: null, route: null, monitors: [] } }
  return { show, name, wait, components: components.length === 0 ? [whole] : components }
}
