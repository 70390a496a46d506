import { Liquid, LiquidError } from 'liquidjs'
import { withTimeLimit } from '#platform/time-limit.ts'

/** A fault of a template. `line` and `column` count from 1. */
export class TemplateError extends Error {
  override name = 'TemplateError'
  readonly line: number
  readonly column: number

  constructor(problem: string, [line, column]: [number, number]) {
    super(problem)
    this.line = line
    this.column = column
  }
}

/** A rendered template with a marker in place of each value that it prints. */
export interface Skeleton {
  text: string
  /** The printed values; marker and value at the same index. */
  markers: string[]
  values: string[]
  /** The names that the template read. */
  used: string[]
}

/** Tags that read no other file, keep no counter and print nothing by themselves. */
const tags = new Set([
  ...['assign', 'break', 'capture', 'case', 'comment', 'continue', 'for', 'if', 'raw', 'unless'],
  '#',
])
/** Filters whose result depends on more than their input. */
const unsteadyFilters = ['date', 'date_to_xmlschema', 'date_to_rfc822', 'date_to_string', 'sample']
const limits = { text: 1024 * 1024, renderMs: 500, memory: 10_000_000, values: 10_000 }

function engine(print: (value: unknown) => string): Liquid {
  const liquid = new Liquid({
    strictVariables: true,
    strictFilters: true,
    ownPropertyOnly: true,
    // `{% if NAME %}` and `default` ask whether a value is set.
    lenientIf: true,
    // No file of the machine can be included.
    templates: {},
    dynamicPartials: false,
    relativeReference: false,
    parseLimit: limits.text,
    renderLimit: limits.renderMs,
    memoryLimit: limits.memory,
    outputEscape: print,
  })
  for (const tag of Object.keys(liquid.tags)) if (!tags.has(tag)) delete liquid.tags[tag]
  for (const filter of unsteadyFilters) liquid.unregisterFilter(filter)
  // Without its mark, the filter no longer prints a value as it is.
  liquid.registerFilter('raw', (value: unknown) => value)
  return liquid
}

/**
 * Renders a template with strict values. The result has markers in place of the values, because a
 * value is only inserted in a way that its place in the file permits. Throws a TemplateError.
 */
export function renderSkeleton(template: string, values: Record<string, unknown>): Skeleton {
  const printed: string[] = []
  const used = new Set<string>()
  const prefix = freePrefix([template, ...Object.values(values).map(String)])
  const liquid = engine((value) => {
    if (printed.length >= limits.values) throw new Error('the template prints too many values')
    printed.push(textOf(value))
    return marker(prefix, printed.length - 1)
  })
  const text = positioned(() =>
    withTimeLimit(
      limits.renderMs * 2,
      'the template',
      () => liquid.parseAndRenderSync(template, observed(values, used)) as string,
    ),
  )
  const markers = printed.map((_, index) => marker(prefix, index))
  return { text, markers, values: expanded(markers, printed), used: [...used].sort() }
}

/** The names that a template reads on any path; empty for a template that cannot be parsed. */
export function namesIn(template: string): string[] {
  try {
    return engine(() => '').globalVariablesSync(template)
  } catch {
    return []
  }
}

/** A marker is a number, so that it is valid wherever JSON, YAML or TOML allow a value. */
const marker = (prefix: string, index: number): string =>
  `${prefix}${String(index).padStart(5, '0')}`

function freePrefix(texts: string[]): string {
  for (let number = 97_310_001; ; number += 1) {
    const prefix = `9${number}`
    if (!texts.some((text) => text.includes(prefix))) return prefix
  }
}

function textOf(value: unknown): string {
  if (value === null || value === undefined) return ''
  if (typeof value === 'object') return Array.isArray(value) ? value.map(textOf).join('') : ''
  return String(value as string | number | boolean)
}

/** `capture` stores text with markers, which may be printed as a value of its own. */
function expanded(markers: string[], printed: string[]): string[] {
  const values: string[] = []
  for (const value of printed)
    values.push(
      values.reduce(
        (text, earlier, index) => text.replaceAll(markers[index] ?? '', () => earlier),
        value,
      ),
    )
  return values
}

function observed(values: Record<string, unknown>, used: Set<string>): object {
  const scope = Object.create(null) as object
  for (const [name, value] of Object.entries(values))
    Object.defineProperty(scope, name, {
      enumerable: true,
      get: () => {
        used.add(name)
        return value
      },
    })
  return scope
}

function positioned<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (!LiquidError.is(error)) throw new TemplateError((error as Error).message, [1, 1])
    const { originalError, message } = error as LiquidError & { originalError?: Error }
    const [line = 1, column = 1] = (
      error as unknown as { token?: { getPosition(): number[] } }
    ).token?.getPosition() ?? [1, 1]
    const problem = (originalError?.message ?? message).split(/, line:\d|\n/, 1)[0] ?? ''
    throw new TemplateError(inWords(problem), [line, column])
  }
}

function inWords(problem: string): string {
  const name = /^undefined variable: (.+)$/.exec(problem)?.[1]
  return name === undefined ? problem : `${name} is not set`
}
