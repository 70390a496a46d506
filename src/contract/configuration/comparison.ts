import { z } from 'zod'

/** Where a value comes from; each layer overrides those before it. */
export const layers = ['service', 'environment', 'host', 'configuration'] as const

/** The value of a name in one layer. */
export const layerValue = z.object({
  /**
   * `service`: `env` of a service in fairlead.yaml; `environment`: `env` of the environment there;
   * `host`: `hosts.NAME.env` of the environment there; `configuration`: a value that a person set
   */
  layer: z.enum(layers),
  /** the service; null for the layers that apply to all of them */
  service: z.string().nullable(),
  /** null for a secret */
  value: z.string().nullable(),
  isSecret: z.boolean(),
  /** the external store that a secret is read from */
  reference: z.string().nullable(),
  /** a later layer overrides it */
  isOverridden: z.boolean(),
})
export type LayerValue = z.infer<typeof layerValue>

/** A configuration file of a service; the path is relative to `$FAIRLEAD_CONFIG_DIR`. */
export const serviceFile = z.object({ service: z.string(), path: z.string() })

/** A configuration file as it is rendered, with `(NAME)` in place of the secret NAME. */
export const configurationFile = serviceFile.extend({
  template: z.string(),
  /** the kind that decides how it is checked; null with a problem */
  kind: z.string().nullable(),
  /** permissions, such as `0640`; null with a problem */
  mode: z.string().nullable(),
  text: z.string().nullable(),
  /** the names that its template read */
  uses: z.array(z.string()),
  /** why it cannot be rendered, in one sentence; null when it can */
  problem: z.string().nullable(),
})
export type ConfigurationFile = z.infer<typeof configurationFile>

/** Where the value of one name comes from. Secret values never leave the server. */
export const explanation = z.object({
  name: z.string(),
  /** the broadest layer first; empty when the name is not set */
  layers: z.array(layerValue),
  /** the version of the configuration that set the name last, and by whom; null when none did */
  set: z.object({ version: z.number().int(), actor: z.string(), created: z.string() }).nullable(),
  /** the configuration files whose templates read the name */
  files: z.array(serviceFile),
  /** what the schema of the app says of the name; null when there is none */
  rule: z.object({ isRequired: z.boolean(), description: z.string().nullable() }).nullable(),
  /** the live deployment, and whether it runs with this value; null when nothing is live */
  running: z.object({ deployment: z.number().int(), isSame: z.boolean() }).nullable(),
})
export type Explanation = z.infer<typeof explanation>

/** One name of which two configurations differ, or both have. */
export const difference = z.object({
  name: z.string(),
  state: z.enum(['added', 'removed', 'changed', 'same']),
  isSecret: z.boolean(),
  /** null for a secret, and where the name is not set */
  before: z.string().nullable(),
  after: z.string().nullable(),
})
export type Difference = z.infer<typeof difference>

/** A version of the configuration of an environment, as one side of a comparison. */
export const comparedVersion = z.object({ environment: z.string(), version: z.number().int() })

export const comparison = z.object({
  before: comparedVersion,
  after: comparedVersion,
  differences: z.array(difference),
  /** the configuration files, as the live release renders them with both configurations */
  files: z.array(serviceFile.extend({ state: z.enum(['changed', 'same', 'invalid']) })),
})
export type Comparison = z.infer<typeof comparison>
