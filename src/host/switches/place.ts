import { z } from 'zod'

/** Where the services of an environment read their switches. */
export const switchPlace = z.object({
  /** The services must be able to read it. A folder, because its file is replaced. */
  folder: z.string(),
  file: z.string(),
  /** For SDKs of OpenFeature; the app may set others. */
  sdk: z.record(z.string(), z.string()),
})
export type SwitchPlace = z.infer<typeof switchPlace>
