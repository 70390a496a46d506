import { z } from 'zod'
import { pipelineFile } from '#contract/pipeline-file/pipeline-file.ts'

export type Path = readonly PropertyKey[]

/** A problem by its path. `atKey`: the key is wrong, not its value. */
export interface Found {
  path: Path
  atKey: boolean
  problem: string
  hint: string
}

/** A valid line for each key, displayed as a hint when the value is invalid. */
const examples: Record<string, string> = {
  app: 'app: my-app',
  steps: 'steps: {test: npm test}',
  artifact: 'artifact: [dist, package.json]',
  services: 'services: {web: {run: node server.js, health: /health}}',
  domains: 'domains: [shop.example.com]',
  environments: 'environments: {dev: {}, production: {}}',
  switches: 'switches: {auto-recharge: true}',
  pulls: 'pulls: auto-recharge',
  run: 'run: npm test',
  needs: 'needs: [install]',
  timeout: 'timeout: 10m',
  grace: 'grace: 10s',
  watch: 'watch: 5m',
  interval: 'interval: 1s',
  retry: 'retry: 2',
  env: 'env: {LOG_LEVEL: info}',
  secrets: 'secrets: [NPM_TOKEN]',
  directory: 'directory: packages/api',
  tools: 'tools: [mvn]',
  reports: 'reports: [reports/*.xml, coverage/lcov.info]',
  include: 'include: [dist, package.json]',
  exclude: 'exclude: [test]',
  static: 'static: public',
  health: 'health: /health',
  path: 'path: /health',
  headers: 'headers: {Host: shop.example.com}',
  instances: 'instances: 2',
  stop: 'stop: {grace: 30s}',
  signal: 'signal: SIGTERM',
  memory: 'memory: 512',
  target: 'target: process',
  verify: 'verify: curl -f $FAIRLEAD_URL/health',
  strategy: 'strategy: canary',
  canary: 'canary: {steps: [5, 20, 50], least: 2m, most: 15m}',
  least: 'least: 2m',
  most: 'most: 15m',
  undecided: 'undecided: hold',
  alpha: 'alpha: 0.01',
  tolerance: 'tolerance: {errors: 0.1, latency: 0.1}',
  harm: 'harm: {ratio: 1.5, difference: 0.001}',
  slack: 'slack: 1ms',
  warm: 'warm: 60s',
  ramp: 'ramp: {from: 1, to: 50}',
  metrics: 'metrics: {jobs: {bad: jobs_failed_total, of: jobs_total}}',
  scrape: 'scrape: {path: /metrics, every: 5s}',
  every: 'every: 5s',
  session: 'session: cookie',
  fresh: 'fresh: true',
  route: 'route: /checkout',
  worse: 'worse: both',
  bad: 'bad: jobs_failed_total{queue="mail"}',
  of: 'of: jobs_total',
  histogram: 'histogram: job_seconds',
  gauge: 'gauge: queue_lag_seconds',
  prometheus: 'prometheus: http://127.0.0.1:9090',
  advisory: 'advisory: true',
}

/** The problems of one issue of the schema; each unknown key is a problem of its own. */
export function fromIssue(
  issue: z.core.$ZodIssue,
  root: unknown,
  keys: string[] = keysAt(issue.path),
): Found[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      path: [...issue.path, key],
      atKey: true,
      problem: `\`${shorten(key)}\` is not a valid key here`,
      hint: meant(key, keys, 'the valid keys are'),
    }))
  }
  const atKey = issue.code === 'invalid_key'
  return [
    {
      path: issue.path,
      atKey,
      problem: sentenceFor(issue, root),
      hint: atKey ? nameHint(issue.path) : exampleFor(issue.path),
    },
  ]
}

/** `did you mean …?` when one of the words is close enough, else `otherwise` and all of them. */
export function meant(word: string, words: string[], otherwise: string): string {
  const near = nearest(word, words)
  if (near !== null) return `did you mean \`${near}\`?`
  const shown = words.length > 12 ? [...words.slice(0, 12), '…'] : words
  return `${otherwise} ${shown.join(', ')}`
}

/** The problem as one sentence without a full stop. */
function sentenceFor(issue: z.core.$ZodIssue, root: unknown): string {
  const where = nameOf(issue.path)
  if (issue.code === 'invalid_key') {
    const key = shorten(String(issue.path.at(-1)))
    return `\`${key}\` ${issue.issues[0]?.message ?? 'is not a valid name'}`
  }
  if (issue.message.startsWith('must')) return `${where} ${issue.message}`
  switch (issue.code) {
    case 'invalid_type': {
      const value = valueAt(root, issue.path)
      return value === undefined
        ? `${where} is missing`
        : `${where} must be ${nameOfType(issue.expected)}, not ${describeValue(value)}`
    }
    case 'invalid_value':
      return `${where} must be one of ${issue.values.map(String).join(', ')}`
    case 'too_small':
      return `${where} must be at least ${issue.minimum}`
    case 'too_big':
      return issue.origin === 'array'
        ? `${where} must have at most ${issue.maximum} items`
        : `${where} must be at most ${issue.maximum}`
    default:
      return `${where} is invalid: ${issue.message}`
  }
}

function exampleFor(path: Path): string {
  const last = path.findLast((part) => typeof part === 'string' && Object.hasOwn(examples, part))
  // `port` and `steps` have two meanings.
  if (path[2] === 'canary' && path.includes('steps')) return 'for example `steps: [5, 20, 50]`'
  if (path.at(-1) === 'port')
    return `for example \`port: ${path[0] === 'services' ? 'false' : '8080'}\``
  return last === undefined
    ? 'see docs/fairlead-yaml.md for the valid values'
    : `for example \`${examples[String(last)]}\``
}

function nameHint(path: Path): string {
  if (path.at(-2) === 'env') return 'for example `LOG_LEVEL`'
  const proposal = String(path.at(-1))
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 40)
    .replace(/^-+|-+$/g, '')
  return /[a-z]/.test(proposal) ? `for example \`${proposal}\`` : 'for example `web`'
}

/** The keys of the schema at a path; empty where any name is valid. */
function keysAt(path: Path): string[] {
  let schema = unwrap(pipelineFile)
  for (const part of path) {
    if (schema instanceof z.ZodObject)
      schema = unwrap((schema.shape as Record<string, z.ZodType>)[String(part)])
    else if (schema instanceof z.ZodRecord) schema = unwrap(schema.valueType as z.ZodType)
    else return []
  }
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : []
}

/** The schema without its optional, default and shorthand wrappers. */
function unwrap(schema: z.ZodType | undefined): z.ZodType | undefined {
  if (
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault
  ) {
    return unwrap(schema.unwrap() as z.ZodType)
  }
  return schema instanceof z.ZodPipe && schema.in instanceof z.ZodTransform
    ? unwrap(schema.out as z.ZodType)
    : schema
}

/** The word with the smallest edit distance, or null when none is close enough. */
function nearest(word: string, words: string[]): string | null {
  if (word.length > 60) return null
  const [best] = words
    .map((candidate) => ({ candidate, distance: editDistance(word.toLowerCase(), candidate) }))
    .toSorted((a, b) => a.distance - b.distance)
  if (!best) return null
  const allowed =
    best.candidate.length <= 3 ? 1 : Math.max(2, Math.floor(best.candidate.length / 3))
  return best.distance <= allowed ? best.candidate : null
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i]
    for (let j = 1; j <= b.length; j += 1) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, change))
    }
    row = next
  }
  return row[b.length] ?? 0
}

/** Text of the file for use in a sentence: one line of at most 60 characters. */
export function shorten(text: string): string {
  const line = text.replace(/[\0-\x1f\x7f]+/g, ' ')
  return line.length > 60 ? `${line.slice(0, 60)}…` : line
}

function nameOf(path: Path): string {
  return path.length === 0 ? 'the file' : `\`${shorten(path.map(String).join('.'))}\``
}

function valueAt(root: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (value, part) =>
      typeof value === 'object' && value !== null && Object.hasOwn(value, part)
        ? (value as Record<PropertyKey, unknown>)[part]
        : undefined,
    root,
  )
}

function nameOfType(expected: string): string {
  const names: Record<string, string> = {
    string: 'text',
    number: 'a number',
    int: 'a whole number',
    boolean: 'true or false',
    object: 'a mapping with keys',
    record: 'a mapping with keys',
    array: 'a list',
  }
  return names[expected] ?? expected
}

function describeValue(value: unknown): string {
  if (value === null || value === undefined) return 'empty'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'a mapping'
  if (typeof value === 'boolean') return String(value)
  return typeof value === 'string' ? 'text' : 'a number'
}

export const found = (path: Path, atKey: boolean, problem: string, hint: string): Found => ({
  path,
  atKey,
  problem,
  hint,
})
