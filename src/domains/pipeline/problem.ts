import type { z } from 'zod'

/** The keys that may stand at a place, by the shape of its path; `*` is any name. */
const keysAt: Record<string, string[]> = {
  '': ['app', 'steps', 'artifact', 'services', 'environments'],
  'steps/*': ['run', 'needs', 'timeout', 'retry', 'env', 'secrets', 'directory', 'tools'],
  artifact: ['include', 'exclude'],
  'services/*': ['run', 'static', 'port', 'health', 'instances', 'env', 'directory', 'stop', 'memory'],
  'services/*/health': ['path', 'timeout', 'interval'],
  'services/*/stop': ['signal', 'grace'],
  'environments/*': ['verify', 'env', 'port', 'instances', 'watch'],
  'environments/*/verify': ['run', 'timeout'],
}

/** A valid line for what a key wants, shown when its value is of the wrong kind. */
const examples: Record<string, string> = {
  steps: '`steps: {test: npm test}`',
  services: '`services: {web: {run: node server.js, health: /health}}`',
  environments: '`environments: {production: {}}`',
  run: '`run: npm test`',
  needs: '`needs: [install]`',
  timeout: '`timeout: 10m`',
  grace: '`grace: 10s`',
  watch: '`watch: 5m`',
  interval: '`interval: 1s`',
  retry: '`retry: 2`',
  env: '`env: {LOG_LEVEL: info}`',
  health: '`health: /health`',
  path: '`path: /health`',
  instances: '`instances: 2`',
  port: '`port: 8080` in an environment, `port: false` in a service',
  include: '`include: [dist, package.json]`',
  static: '`static: public`',
  app: '`app: my-app`',
  verify: '`verify: curl -f $FAIRLEAD_URL/health`',
  signal: '`signal: SIGTERM`',
  memory: '`memory: 512`',
  tools: '`tools: [mvn]`',
}

/** What is wrong, as a sentence without its full stop. */
export function sentenceFor(issue: z.core.$ZodIssue, root: unknown): string {
  const where = nameOf(issue.path)
  switch (issue.code) {
    case 'invalid_type':
      return `${where} must be ${kind(issue.expected)}, not ${kindOf(valueAt(root, issue.path))}`
    case 'invalid_key':
      return `\`${String(issue.path.at(-1))}\` ${issue.issues[0]?.message ?? 'is not a name that can be used'}`
    case 'invalid_value':
      return `${where} must be one of ${issue.values.map(String).join(', ')}`
    case 'too_small':
      return `${where} must be at least ${issue.minimum}${issue.origin === 'string' ? ' character long' : ''}`
    case 'too_big':
      return `${where} must be at most ${issue.maximum}${issue.origin === 'string' ? ' characters long' : ''}`
    case 'invalid_union':
      return `${where} ${firstMessage(issue) ?? 'has a value of the wrong kind'}`
    default:
      return `${where} ${issue.message.startsWith('must') ? issue.message : `is not right: ${issue.message}`}`
  }
}

export function hintFor(issue: z.core.$ZodIssue, key: string | null, _root: unknown): string {
  if (key !== null) {
    const known = keysAt[shapeOf(issue.path)] ?? []
    const near = nearest(key, known)
    return near ? `did you mean \`${near}\`?` : `the keys here are ${known.join(', ')}`
  }
  const last = issue.path.findLast((part) => typeof part === 'string' && part in examples)
  return last === undefined
    ? 'see docs/fairlead-yaml.md for what can stand here'
    : `write for example ${examples[String(last)]}`
}

/** The nearest of the words, when it is near enough to be meant. */
export function nearest(word: string, words: string[]): string | null {
  const [best] = words
    .map((candidate) => ({ candidate, distance: editDistance(word.toLowerCase(), candidate) }))
    .toSorted((a, b) => a.distance - b.distance)
  return best && best.distance <= Math.max(2, Math.floor(best.candidate.length / 3)) ? best.candidate : null
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i]
    for (let j = 1; j <= b.length; j += 1) {
      next.push(
        Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)),
      )
    }
    row = next
  }
  return row[b.length] ?? 0
}

function shapeOf(path: readonly PropertyKey[]): string {
  return path.map((part, i) => (i === 1 ? '*' : String(part))).join('/')
}

function nameOf(path: readonly PropertyKey[]): string {
  return path.length === 0 ? 'the file' : `\`${path.map(String).join('.')}\``
}

function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, part) =>
      typeof value === 'object' && value !== null ? (value as Record<PropertyKey, unknown>)[part] : undefined,
    root,
  )
}

function kind(expected: string): string {
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

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return 'empty'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'a mapping'
  return typeof value === 'string'
    ? 'text'
    : typeof value === 'number'
      ? 'a number'
      : typeof value === 'boolean'
        ? String(value)
        : 'something else'
}

function firstMessage(issue: z.core.$ZodIssueInvalidUnion): string | null {
  return (
    issue.errors
      .flat()
      .map((one) => one.message)
      .find((message) => message.startsWith('must')) ?? null
  )
}
