import { parse } from 'yaml'
import { z } from 'zod'

/** A value of a configuration or a secret: itself, or where it is read from. */
const source = z.unknown()

const text = z.string().min(1)
const seconds = z.union([z.number(), z.string().regex(/^\$\{.+\}$/)])

const processProvider = z.looseObject({
  type: z.literal('process'),
  path: text,
  /** A string is for the shell, as in the Chaos Toolkit. */
  arguments: z
    .union([z.string(), z.array(z.unknown()), z.record(z.string(), z.unknown())])
    .optional(),
  timeout: z.union([z.number(), z.string()]).optional(),
})
const httpProvider = z.looseObject({
  type: z.literal('http'),
  url: text,
  method: z.string().default('GET'),
  headers: z.record(z.string(), z.unknown()).optional(),
  arguments: z.unknown().optional(),
  timeout: z.unknown().optional(),
  verify_tls: z.boolean().default(true),
  max_retries: z.number().int().min(0).default(0),
})
const pythonProvider = z.looseObject({
  type: z.literal('python'),
  module: text,
  func: text,
  arguments: z.record(z.string(), z.unknown()).optional(),
})
const providers = [processProvider, httpProvider, pythonProvider] as const
const provider = z.discriminatedUnion('type', providers)
export type Provider = z.infer<typeof provider>

const range = z.looseObject({
  type: z.literal('range'),
  range: z.tuple([z.number(), z.number()]),
  target: z.string().optional(),
})
const regex = z.looseObject({
  type: z.literal('regex'),
  pattern: text.refine(isPattern, 'is not a regular expression'),
  target: z.string().optional(),
})
const jsonpath = z.looseObject({ type: z.literal('jsonpath'), path: text })
const probeTolerance = z.looseObject({ type: z.literal('probe'), name: text, provider })
const tolerance = z.union([
  z.boolean(),
  z.number(),
  z.string(),
  z.array(z.unknown()),
  z.discriminatedUnion('type', [range, regex, jsonpath, probeTolerance]),
])
export type Tolerance = z.infer<typeof tolerance>

function isPattern(pattern: string): boolean {
  try {
    return Boolean(new RegExp(pattern, 'u'))
  } catch {
    return false
  }
}

/** Controls are Python code with a state of its own, which only the Chaos Toolkit can run. */
const noControls = z
  .array(z.unknown())
  .max(0, 'are not supported; remove them, or run the experiment with the Chaos Toolkit')
  .nullish()

const defined = z.looseObject({
  type: z.enum(['probe', 'action']),
  name: text,
  provider,
  tolerance: tolerance.optional(),
  controls: noControls,
  background: z.boolean().default(false),
  pauses: z.looseObject({ before: seconds.optional(), after: seconds.optional() }).optional(),
})
export type Activity = z.infer<typeof defined>
const reference = z.looseObject({ ref: text })
const activity = z.union([reference, defined])

const hypothesis = z.looseObject({
  title: text,
  probes: z
    .array(z.union([reference, defined.extend({ tolerance })]))
    .nullish()
    .transform((probes) => probes ?? []),
  controls: noControls,
})

/** The format of the Chaos Toolkit, https://chaostoolkit.org/reference/api/experiment. */
const chaosExperiment = z.looseObject({
  title: text,
  description: text,
  tags: z.array(text).nullish(),
  configuration: z.record(z.string(), source).nullish(),
  secrets: z.record(z.string(), z.record(z.string(), source)).nullish(),
  'steady-state-hypothesis': hypothesis.nullish(),
  method: z.array(activity),
  rollbacks: z.array(activity).nullish(),
  controls: noControls,
})

/** An experiment whose references are replaced by what they name. */
export interface ReadExperiment {
  /** as it was read, for the journal */
  source: Record<string, unknown>
  title: string
  configuration: Record<string, unknown>
  secrets: Record<string, Record<string, unknown>>
  hypothesis: { title: string; probes: Activity[] } | null
  method: Activity[]
  rollbacks: Activity[]
}

/** Reads JSON or YAML. Throws one sentence that names the key. */
export function readExperiment(content: string): ReadExperiment {
  let source: unknown
  try {
    // YAML contains JSON. An alias can make a small file huge, and a tag never runs code here.
    source = parse(content, { maxAliasCount: 100, logLevel: 'error' })
  } catch (error) {
    const [why] = (error as Error).message.split('\n')
    throw new Error(`The file is neither JSON nor YAML: ${why}`, { cause: error })
  }
  const read = chaosExperiment.safeParse(source)
  if (!read.success) throw new Error(problemOf(read.error))
  const { title, configuration, secrets, method, rollbacks } = read.data
  const found = read.data['steady-state-hypothesis'] ?? null
  const all = [...(found?.probes ?? []), ...method, ...(rollbacks ?? [])]
  const named = all.filter((one): one is Activity => !isReference(one))
  const resolve = (one: (typeof all)[number], key: string): Activity => {
    if (!isReference(one)) return one
    const target = named.find(({ name }) => name === one.ref)
    if (!target) throw new Error(`${key}: no activity has the name ${one.ref}`)
    return target
  }
  return {
    ...{ source: source as Record<string, unknown>, title },
    ...{ configuration: configuration ?? {}, secrets: secrets ?? {} },
    hypothesis: found && {
      title: found.title,
      probes: found.probes.map((one) => resolve(one, 'steady-state-hypothesis.probes')),
    },
    method: method.map((one) => resolve(one, 'method')),
    rollbacks: (rollbacks ?? []).map((one) => resolve(one, 'rollbacks')),
  }
}

const isReference = (one: z.infer<typeof activity>): one is z.infer<typeof reference> =>
  typeof (one as { ref?: unknown }).ref === 'string'

/** The first problem, of the alternative that got furthest. */
function problemOf({ issues: [first] }: z.ZodError): string {
  const deepest = (
    issue: z.core.$ZodIssue | undefined,
  ): { path: PropertyKey[]; message: string } => {
    if (!issue) return { path: [], message: 'is not an experiment' }
    if (issue.code !== 'invalid_union') return { path: issue.path, message: issue.message }
    const inner = issue.errors
      .flatMap((list) => list.map(deepest))
      // The last alternative is the one with the most keys.
      .toReversed()
      .toSorted((a, b) => b.path.length - a.path.length)[0]
    return inner
      ? { path: [...issue.path, ...inner.path], message: inner.message }
      : { path: issue.path, message: issue.message }
  }
  const { path, message } = deepest(first)
  return `${path.length === 0 ? 'The file' : path.join('.')}: ${message}`
}
