import { z } from 'zod'

/** How a release says that the page shows its app. */
const stored = z.object({
  show: z.boolean().default(true),
  name: z.string().optional(),
  /** milliseconds */
  wait: z.number().default(900_000),
})

export interface PageSettings {
  show: boolean
  name: string
  /** milliseconds for which words about an incident wait for a person */
  wait: number
}

/** The settings in a stored definition; an older one is shown under the name of its app. */
export function pageSettings(app: string, status: unknown): PageSettings {
  const data = stored.safeParse(status ?? {}).data ?? stored.parse({})
  return { show: data.show, name: data.name ?? app, wait: data.wait }
}
