import { isDeepStrictEqual } from 'node:util'
import type { HostFile } from '#contract/host/service.ts'
import type { RenderedFile } from '#contract/pipeline-file/configuration-file.ts'
import type { FileKind } from './file-kind.ts'
import { kinds } from './kinds.generated.ts'
import { renderSkeleton, type Skeleton, TemplateError } from './template.ts'

/** A file to render, and the values that its template can read. */
export interface FileRequest {
  path: string
  file: RenderedFile
  /** the text of the template; null when the repository has none */
  template: string | null
  values: Record<string, unknown>
  /** names of the values that are secrets */
  secrets: ReadonlySet<string>
}

export type Rendering =
  | { problem: null; file: HostFile; kind: string; used: string[]; usedSecrets: string[] }
  | { problem: string }

/** The kind of a file: as it says, otherwise as its name does, otherwise text. */
export function kindOf(path: string, stated: string | undefined): FileKind | undefined {
  const name = path.slice(path.lastIndexOf('/') + 1)
  return stated === undefined
    ? (kinds.find(({ names }) => names.includes(name)) ??
        kinds.find(({ names }) => names.some((one) => one.startsWith('.') && name.endsWith(one))) ??
        kinds.find(({ kind }) => kind === 'text'))
    : kinds.find(({ kind }) => kind === stated)
}

/** Renders one file, or returns the problem in one sentence, which never contains a value. */
export function renderFile(request: FileRequest): Rendering {
  const { path, file, template, secrets } = request
  const kind = kindOf(path, file.kind)
  if (kind === undefined) {
    const known = kinds.map((one) => one.kind).join(', ')
    return { problem: `${path} has the kind ${file.kind}, which is none of ${known}` }
  }
  if (template === null)
    return { problem: `${path}: the repository has no template ${file.template}` }
  try {
    const skeleton = renderSkeleton(template, request.values)
    const usedSecrets = skeleton.used.filter((name) => secrets.has(name))
    const mode = modeOf(file, usedSecrets)
    if (mode === null)
      return {
        problem:
          `${path} contains the secret ${usedSecrets.join(', ')}, so its mode must be 0400 or ` +
          `0600, not ${file.mode}`,
      }
    return {
      problem: null,
      file: {
        ...{ path, mode, text: fill(kind, skeleton) },
        checks: [kind.check, file.check].filter((check) => check !== undefined),
      },
      kind: kind.kind,
      used: skeleton.used,
      usedSecrets,
    }
  } catch (error) {
    if (error instanceof TemplateError)
      return { problem: `${file.template}:${error.line}:${error.column}: ${error.message}` }
    return { problem: `${path}, rendered from ${file.template}: ${(error as Error).message}` }
  }
}

function modeOf({ mode }: RenderedFile, usedSecrets: string[]): number | null {
  if (mode === undefined) return usedSecrets.length > 0 ? 0o600 : 0o644
  const bits = Number.parseInt(mode, 8)
  return usedSecrets.length > 0 && (bits & 0o077) !== 0 ? null : bits
}

/** Puts the values in place of the markers. Throws when one would change more than its place. */
function fill(kind: FileKind, skeleton: Skeleton): string {
  const { read } = kind
  if (read === undefined) return fillText(kind, skeleton)
  const { text, markers, values } = skeleton
  const expected = substitute(read(text), skeleton)
  const isMeant = (candidate: string): boolean => {
    try {
      return isDeepStrictEqual(read(candidate), expected)
    } catch {
      return false
    }
  }
  const plain = replaceAll(text, markers, values)
  if (values.every((value) => /^[\w./@-]*$/.test(value)) && isMeant(plain)) return plain
  const written = markers.map((marker, index) => writeOne(kind, skeleton, marker, index))
  const result = replaceAll(text, markers, written)
  if (!isMeant(result))
    throw new Error(`a value would change the structure of the file: ${quoteHint}`)
  return result
}

const quoteHint = 'put quotes around it in the template'
const otherQuotesHint = 'the quotes around it in the template cannot contain it: use other quotes'

/** The first way to write a value that changes nothing else, with all other markers in place. */
function writeOne(
  { read, writers = [] }: FileKind,
  { text, markers, values }: Skeleton,
  marker: string,
  index: number,
): string {
  const value = values[index] ?? ''
  const only = { text, markers: [marker], values: [value], used: [] }
  const expected = substitute(read?.(text), only)
  for (const write of writers) {
    const written = write(value)
    try {
      if (isDeepStrictEqual(read?.(text.replaceAll(marker, () => written)), expected))
        return written
    } catch {
      // Another way may be valid here.
    }
  }
  const before = text.slice(0, text.indexOf(marker))
  const line = before.split('\n').length
  const isFirst = markers.indexOf(marker) === 0
  const quotes = /["']/g
  const isQuoted = (before.split('\n').at(-1)?.match(quotes)?.length ?? 0) % 2 === 1
  const hint = isQuoted ? otherQuotesHint : quoteHint
  throw new Error(
    `the value in line ${line}${isFirst ? '' : ` (number ${index + 1})`} is not valid there ` +
      `without changing the structure of the file; ${hint}`,
  )
}

function fillText({ refuse }: FileKind, { text, markers, values }: Skeleton): string {
  for (const [index, value] of values.entries()) {
    const problem = refuse?.(value) ?? null
    const line = text.slice(0, text.indexOf(markers[index] ?? '')).split('\n').length
    if (problem !== null) throw new Error(`the value in line ${line} ${problem}`)
  }
  return replaceAll(text, markers, values)
}

function replaceAll(text: string, markers: string[], values: string[]): string {
  return markers.reduce(
    (result, marker, index) => result.replaceAll(marker, () => values[index] ?? ''),
    text,
  )
}

/** What a file means whose skeleton means `tree`. */
function substitute(tree: unknown, { markers, values }: Skeleton): unknown {
  const text = (one: string): string => replaceAll(one, markers, values)
  const visit = (one: unknown): unknown => {
    if (typeof one === 'string') return text(one)
    if (typeof one === 'number' || typeof one === 'bigint') {
      const index = markers.indexOf(String(one))
      return index < 0 ? one : scalar(values[index] ?? '')
    }
    if (Array.isArray(one)) return one.map(visit)
    if (typeof one !== 'object' || one === null || isForeign(one)) return one
    const entries = Object.entries(one).map(([key, item]) => [text(key), visit(item)] as const)
    return Object.assign(Object.create(Object.getPrototypeOf(one) as object | null) as object, {
      ...Object.fromEntries(entries),
    })
  }
  return visit(tree)
}

/** A date of TOML or YAML. */
const isForeign = (value: object): boolean => value instanceof Date

/** A value without quotes is a number, true, false, null, or a text that looks like none. */
function scalar(value: string): unknown {
  if (/^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(value)) return Number(value)
  if (value === 'true' || value === 'false') return value === 'true'
  return value === 'null' ? null : value
}
