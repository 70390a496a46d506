import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  type Scalar,
  visit,
} from 'yaml'
import { type Found, type Path, shorten } from './problem.ts'

const limits = { bytes: 256 * 1024, aliases: 50 }

/** A problem and its place; line and column count from 1. */
export interface Located {
  line: number
  column: number
  problem: string
  hint: string
}

export type YamlResult =
  | { ok: true; value: unknown; locate: (found: Found) => Located }
  | { ok: false; problems: Located[] }

/**
 * Reads YAML from untrusted bytes. Returns its value with a function that finds the place of a
 * problem, or the problems that make it unreadable whatever its schema.
 */
export function readYaml(input: string | Uint8Array): YamlResult {
  const text = decode(input)
  if (typeof text !== 'string') return refuse(text.problem, text.hint)
  try {
    return parse(text)
  } catch (error) {
    if (error instanceof RangeError) return refuse(tooDeep.problem, tooDeep.hint)
    if (error instanceof ReferenceError)
      return refuse('the YAML aliases expand to too much text', 'write the values in full')
    return refuse(
      `this is not YAML: ${shorten((error as Error).message)}`,
      'check the indentation, colons and quotes',
    )
  }
}

const tooDeep = {
  problem: 'the file is nested too deeply',
  hint: 'five levels are enough for every key',
}

function refuse(problem: string, hint: string): YamlResult {
  return { ok: false, problems: [{ line: 1, column: 1, problem, hint }] }
}

function decode(input: string | Uint8Array): string | { problem: string; hint: string } {
  const size = typeof input === 'string' ? Buffer.byteLength(input) : input.byteLength
  if (size > limits.bytes) {
    const human = size >= 1e6 ? `${Math.round(size / 1e6)} MB` : `${Math.ceil(size / 1024)} KB`
    const problem = `the file has ${human}; the limit is ${limits.bytes / 1024} KB`
    return { problem, hint: 'move long scripts into separate files' }
  }
  try {
    const text =
      typeof input === 'string' ? input : new TextDecoder('utf-8', { fatal: true }).decode(input)
    if (text.includes('\0')) return { problem: 'the file is binary', hint: 'save it as plain text' }
    return text
  } catch {
    return { problem: 'the file is not UTF-8', hint: 'save it as UTF-8' }
  }
}

function parse(text: string): YamlResult {
  const counter = new LineCounter()
  // `inspect` finds duplicate keys: the parser needs quadratic time for that.
  const document = parseDocument(text, {
    lineCounter: counter,
    uniqueKeys: false,
    prettyErrors: false,
    version: '1.2',
  })
  const place = (offset: number): { line: number; column: number } => {
    const { line, col } = counter.linePos(offset)
    return { line: Math.max(1, line), column: Math.max(1, col) }
  }
  if (document.errors.length > 0) return { ok: false, problems: yamlProblems(document, place) }
  if (!isMap(document.contents)) {
    const isEmpty =
      document.contents === null ||
      (isScalar(document.contents) && document.contents.value === null)
    const problem = isEmpty
      ? 'the file is empty'
      : 'the file must be a mapping with keys such as `services:`'
    return refuse(problem, 'create one with `fairlead init`')
  }
  const refused = inspect(document)
  if (refused.length > 0)
    return {
      ok: false,
      problems: refused.map(({ offset, ...rest }) => ({ ...place(offset), ...rest })),
    }
  const value: unknown = document.toJS({ maxAliasCount: limits.aliases })
  return {
    ok: true,
    value,
    locate: ({ path, atKey, problem, hint }) => ({
      ...place(offsetOf(document, path, atKey)),
      problem,
      hint,
    }),
  }
}

/** The first problem of each line: one mistake makes the parser report everything after it. */
function yamlProblems(
  document: Document,
  place: (offset: number) => { line: number; column: number },
): Located[] {
  const all = document.errors
    .slice(0, 100)
    .map((error) => ({ ...place(error.pos[0]), ...explain(error.code, error.message) }))
  return all
    .filter((problem, i) => all.findIndex((other) => other.line === problem.line) === i)
    .slice(0, 10)
}

function explain(code: string, message: string): { problem: string; hint: string } {
  if (code === 'TAB_AS_INDENT')
    return { problem: 'the line is indented with a tab', hint: 'indent with spaces' }
  if (code === 'MULTIPLE_DOCS')
    return { problem: 'a second document begins here', hint: 'remove the line `---`' }
  if (message.includes('call stack')) return tooDeep
  const first = shorten(message.split('\n')[0] ?? code).replace(/\.$/, '')
  return {
    problem: `this is not YAML: ${first}`,
    hint: 'check the indentation, colons and quotes near this line',
  }
}

interface Refused {
  offset: number
  problem: string
  hint: string
}

/**
 * Refuses features of YAML that fairlead.yaml does not support, and keeps the values
 * that become variables as they are written (`1.10` is not 1.1).
 */
function inspect(document: Document): Refused[] {
  const refused: Refused[] = []
  let aliases = 0
  visit(document, {
    Alias: (_, node) => {
      aliases += 1
      const offset = node.range?.[0] ?? 0
      const hint = 'write the values in full'
      if (aliases === limits.aliases + 1)
        refused.push({
          offset,
          problem: `there are more than ${limits.aliases} YAML aliases`,
          hint,
        })
      else if (aliases <= limits.aliases && !node.resolve(document))
        refused.push({
          offset,
          problem: `there is no anchor \`&${shorten(node.source)}\` before this alias`,
          hint,
        })
    },
    Node: (_, node) => {
      if (node.tag === undefined || node.tag.startsWith('tag:yaml.org,2002:')) return
      refused.push({
        offset: node.range?.[0] ?? 0,
        problem: `the tag \`${shorten(node.tag)}\` is not supported`,
        hint: 'remove it',
      })
    },
    Map: (_, node) => {
      refused.push(...refusedKeys(node.items as Pair[]))
    },
    Pair: (_, pair, path) => {
      if (isVariables(pair, path)) keepSource(document, pair.value)
    },
  })
  return refused.toSorted((a, b) => a.offset - b.offset).slice(0, 50)
}

function refusedKeys(items: Pair[]): Refused[] {
  const seen = new Set<string>()
  return items.flatMap((item): Refused[] => {
    const offset =
      (item.key as Node | null)?.range?.[0] ?? (item.value as Node | null)?.range?.[0] ?? 0
    if (!isScalar(item.key) || item.key.value === null)
      return [
        {
          offset,
          problem: 'a key must be plain text',
          hint: 'for example `test: npm test`',
        },
      ]
    const key = String(item.key.value)
    if (key === '<<')
      return [
        { offset, problem: 'merging with `<<` is not supported', hint: 'write the keys in full' },
      ]
    if (key === '__proto__')
      return [
        {
          offset,
          problem: 'the name `__proto__` is reserved for Fairlead',
          hint: 'choose another name',
        },
      ]
    if (seen.has(key))
      return [
        {
          offset,
          problem: `the key \`${shorten(key)}\` appears twice`,
          hint: 'keep only one of them',
        },
      ]
    seen.add(key)
    return []
  })
}

/** The keys whose values become variables, at any depth below them. */
const variableKeys: ReadonlySet<unknown> = new Set(['env', 'matrix', 'parameters'])

/** The parameters of an experiment are numbers and more, as its action says. */
const isVariables = ({ key }: Pair, path: readonly unknown[]): boolean =>
  isScalar(key) &&
  variableKeys.has(key.value) &&
  !(key.value === 'parameters' && path.some((one) => isPair(one) && keyOf(one) === 'experiments'))

const keyOf = ({ key }: Pair): unknown => (isScalar(key) ? key.value : null)

function keepSource(document: Document, node: unknown, seen = new Set<unknown>()): void {
  const keep = (scalar: Scalar): void => {
    const { value, source } = scalar
    if (typeof value !== 'string' && value !== null && source !== undefined) scalar.value = source
  }
  if (!isNode(node) || seen.has(node)) return
  seen.add(node)
  visit(node, {
    Scalar: (key, scalar) => (key === 'key' ? undefined : keep(scalar)),
    Alias: (_, alias) => {
      keepSource(document, alias.resolve(document), seen)
    },
  })
}

/** Offset of a path in the text: of the key, of its value, or of the nearest parent that exists. */
function offsetOf(document: Document, path: Path, atKey: boolean): number {
  let node: unknown = document.contents
  let offset = 0
  for (const [i, part] of path.entries()) {
    if (isAlias(node)) node = node.resolve(document)
    const step = childOf(node, part, atKey && i === path.length - 1)
    if (!step) return offset
    offset = step.offset ?? offset
    node = step.node
  }
  return offset
}

function childOf(
  node: unknown,
  part: PropertyKey,
  atKey: boolean,
): { node: unknown; offset: number | undefined } | null {
  if (isSeq(node)) {
    // The list is a shorthand: the path names a key that is not in the text.
    if (typeof part === 'string') return { node, offset: undefined }
    const item = node.items[Number(part)] as Node | undefined
    return item ? { node: item, offset: item.range?.[0] } : null
  }
  if (!isMap(node)) return null
  const pair = node.items.find(
    (item) => isScalar(item.key) && String(item.key.value) === String(part),
  )
  if (!pair) return null
  const key = (pair.key as Node).range?.[0]
  const value = pair.value as Node | null
  // A problem with a block is reported at its key.
  const inline = value?.range && !isMap(value) && !isSeq(value)
  return { node: value, offset: atKey || !inline ? key : value.range?.[0] }
}
