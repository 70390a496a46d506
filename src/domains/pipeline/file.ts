import { isAlias, isMap, isScalar, isSeq, LineCounter, type Document, type Node, parseDocument, visit } from 'yaml'
import type { z } from 'zod'
import { type PipelineFile, pipelineFile } from '#contract/pipeline-file.ts'
import { buildGraph, findCycle } from './graph.ts'
import { hintFor, sentenceFor } from './problem.ts'

/** One thing that is wrong with a file; line and column count from 1. */
export interface FileProblem {
  file: string
  line: number
  column: number
  problem: string
  hint: string
}

export type ReadResult = { ok: true; pipeline: PipelineFile & { app: string } } | { ok: false; problems: FileProblem[] }

const limits = { bytes: 256 * 1024, aliases: 50, steps: 200, services: 50, environments: 20 }
type Path = readonly PropertyKey[]
type Found = { path: Path; problem: string; hint: string; key?: boolean }

/** Reads a fairlead.yaml. Pure: any input gives a pipeline or all of its problems in the order of the file, never a throw. */
export function readPipelineFile(
  input: string | Uint8Array,
  options: { file: string; defaultApp: string },
): ReadResult {
  const at = (line: number, column: number, problem: string, hint: string): ReadResult => ({
    ok: false,
    problems: [{ file: options.file, line, column, problem, hint }],
  })
  const text = decode(input)
  if (typeof text !== 'string') return at(1, 1, text.problem, text.hint)
  const counter = new LineCounter()
  const document = parseDocument(text, { lineCounter: counter, uniqueKeys: true, prettyErrors: false, version: '1.2' })
  const place = (offset: number): { line: number; column: number } => {
    const { line, col } = counter.linePos(offset)
    return { line: Math.max(1, line), column: Math.max(1, col) }
  }
  if (document.errors.length > 0) {
    return {
      ok: false,
      problems: document.errors
        .slice(0, 20)
        .map((error) => ({ file: options.file, ...place(error.pos[0]), ...yamlProblem(error.code, error.message) })),
    }
  }
  if (countAliases(document) > limits.aliases)
    return at(1, 1, `there are more than ${limits.aliases} YAML aliases`, 'write the values out')
  if (!isMap(document.contents)) {
    return at(
      1,
      1,
      document.contents === null ? 'the file is empty' : 'the top of the file must be keys such as `services:`',
      'run `fairlead init` to have one written',
    )
  }
  let value: unknown
  try {
    value = document.toJS({ maxAliasCount: limits.aliases })
  } catch {
    return at(1, 1, 'the YAML aliases expand to too much', 'write the values out')
  }
  const parsed = pipelineFile.safeParse(value)
  const found = parsed.success ? rules(parsed.data) : parsed.error.issues.flatMap((issue) => fromIssue(issue, value))
  if (found.length > 0 || !parsed.success) {
    const problems = found.map(({ path, problem, hint, key }) => ({
      file: options.file,
      ...place(offsetOf(document, path, key === true)),
      problem,
      hint,
    }))
    return { ok: false, problems: problems.toSorted((a, b) => a.line - b.line || a.column - b.column) }
  }
  return { ok: true, pipeline: { ...parsed.data, app: parsed.data.app ?? options.defaultApp } }
}

function decode(input: string | Uint8Array): string | { problem: string; hint: string } {
  const size = typeof input === 'string' ? Buffer.byteLength(input) : input.byteLength
  if (size > limits.bytes) {
    const human = size >= 1e6 ? `${(size / 1e6).toFixed(1)} MB` : `${Math.ceil(size / 1024)} KB`
    return {
      problem: `the file is ${human}, and may have ${limits.bytes / 1024} KB`,
      hint: 'move long scripts into files of their own',
    }
  }
  if (typeof input === 'string') return input
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(input)
    if (text.includes('\0')) return { problem: 'the file is binary', hint: 'write it as plain text' }
    return text
  } catch {
    return { problem: 'the file is not UTF-8', hint: 'save it as UTF-8' }
  }
}

function yamlProblem(code: string, message: string): { problem: string; hint: string } {
  if (code === 'DUPLICATE_KEY') return { problem: 'this key is there twice', hint: 'keep one of them' }
  if (code === 'TAB_AS_INDENT') return { problem: 'a tab is used to indent', hint: 'indent with spaces' }
  return {
    problem: `this is not YAML: ${message.split('\n')[0]?.replace(/\.$/, '') ?? code}`,
    hint: 'look at the indentation, colons and quotes around here',
  }
}

function countAliases(document: Document): number {
  let count = 0
  visit(document, { Alias: () => void (count += 1) })
  return count
}

/** Unknown keys come as one issue for the object: each is a problem of its own, at its key. */
function fromIssue(issue: z.core.$ZodIssue, root: unknown): Found[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      path: [...issue.path, key],
      key: true,
      problem: `\`${key}\` is not a key that can stand here`,
      hint: hintFor(issue, key, root),
    }))
  }
  return [
    {
      path: issue.path,
      problem: sentenceFor(issue, root),
      hint: hintFor(issue, null, root),
      key: issue.code === 'invalid_key',
    },
  ]
}

/** What the schema cannot say. */
function rules(file: PipelineFile): Found[] {
  return [...tooMany(file), ...stepRules(file), ...serviceRules(file), ...environmentRules(file)]
}

function tooMany(file: PipelineFile): Found[] {
  return (['steps', 'services', 'environments'] as const).flatMap((key) => {
    const count = Object.keys(file[key]).length
    return count > limits[key]
      ? [
          {
            path: [key],
            problem: `there are ${count} ${key}, and at most ${limits[key]} may be`,
            hint: 'join some, or split the app',
          },
        ]
      : []
  })
}

function stepRules(file: PipelineFile): Found[] {
  const names = Object.keys(file.steps)
  const found: Found[] = []
  for (const [name, step] of Object.entries(file.steps)) {
    if (name === 'fairlead' || name.startsWith('verify-')) {
      found.push({
        path: ['steps', name],
        key: true,
        problem: `the name \`${name}\` is kept for Fairlead`,
        hint: 'take another name',
      })
    }
    for (const [i, need] of (step.needs ?? []).entries()) {
      if (names.includes(need)) continue
      found.push({
        path: ['steps', name, 'needs', i],
        problem: `step \`${name}\` needs \`${need}\`, which is not a step`,
        hint: `the steps are ${names.join(', ')}`,
      })
    }
  }
  const cycle = found.length === 0 ? findCycle(buildGraph(file.steps)) : null
  if (cycle)
    found.push({
      path: ['steps', cycle[0] ?? ''],
      key: true,
      problem: `the steps need each other in a circle: ${cycle.join(' → ')}`,
      hint: 'take one of these `needs` away',
    })
  return found
}

function serviceRules(file: PipelineFile): Found[] {
  return Object.entries(file.services).flatMap(([name, service]): Found[] => {
    const path = ['services', name]
    if (service.run === undefined && service.static === undefined)
      return [
        {
          path,
          key: true,
          problem: `service \`${name}\` has neither \`run\` nor \`static\``,
          hint: 'give it a command, as `run: node server.js`',
        },
      ]
    if (service.run !== undefined && service.static !== undefined)
      return [
        { path, key: true, problem: `service \`${name}\` has both \`run\` and \`static\``, hint: 'keep one of them' },
      ]
    return []
  })
}

function environmentRules(file: PipelineFile): Found[] {
  const names = Object.keys(file.environments)
  if (names.length === 0)
    return [
      {
        path: ['environments'],
        key: true,
        problem: 'there is no environment',
        hint: 'leave the key out for dev, staging and production',
      },
    ]
  return names.flatMap((name, i): Found[] => {
    const port = file.environments[name]?.port
    const other =
      port === undefined ? undefined : names.slice(0, i).find((earlier) => file.environments[earlier]?.port === port)
    return other === undefined
      ? []
      : [
          {
            path: ['environments', name, 'port'],
            problem: `environment \`${name}\` has the port ${port} of \`${other}\``,
            hint: 'give each its own port, or none',
          },
        ]
  })
}

/** Where a path is in the text: the key itself, its value, or the nearest thing above it that is there. */
function offsetOf(document: Document, path: Path, key: boolean): number {
  let node: unknown = document.contents
  let offset = 0
  for (const [i, part] of path.entries()) {
    if (isAlias(node)) node = node.resolve(document)
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(part))
      if (!pair) return offset
      const start = (pair.key as Node).range?.[0] ?? offset
      const value = pair.value as Node | null
      offset = (i === path.length - 1 && key) || !value?.range ? start : value.range[0]
      node = value
    } else if (isSeq(node)) {
      const item = node.items[Number(part)] as Node | undefined
      if (!item) return offset
      offset = item.range?.[0] ?? offset
      node = item
    } else return offset
  }
  return offset
}
