import { z } from 'zod'

/** How a release says that the page shows its app. */
const stored = z.object({ show: z.boolean().default(true), name: z.string().optional() })

/** The settings in a stored definition; an older one is shown under the name of its app. */
export function pageSettings(app: string, status: unknown): { show: boolean; name: string } {
  const { data } = stored.safeParse(status ?? {})
  return { show: data?.show ?? true, name: data?.name ?? app }
}
