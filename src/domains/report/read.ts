import { createReadStream } from 'node:fs'
import { realpath, stat } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { LeadsOut, openReal } from '#platform/file/inside.ts'
import { listMatching } from '#platform/file/matching.ts'
import { compilePatterns, PatternProblem, unmatched } from '#platform/file/pattern.ts'
import { formats } from './formats.generated.ts'
import { plausible } from './plausible.ts'
import { type ReportFormat, type ReportParser, ReportProblem, type Sink } from './report.ts'

const maxFiles = 20_000
/** Characters after which the format is detected; a long comment or list may come first. */
const headLengths = [4096, 65_536, 1_048_576]

/** Formats that name themselves come first. */
const byCertainty: readonly ReportFormat[] = [...formats].toSorted(
  (a, b) => Number(b.hasSignature ?? false) - Number(a.hasSignature ?? false),
)

/** The format of a report, by its first characters; null when none matches. */
export function detectFormat(head: string): ReportFormat | null {
  const text = head.trimStart().startsWith('<') ? withoutComments(head) : head
  return byCertainty.find((format) => format.detect(text)) ?? null
}

/** XML without the comments and processing instructions before its first element. */
function withoutComments(text: string): string {
  let rest = text.trimStart()
  for (;;) {
    const end = rest.startsWith('<!--') ? '-->' : rest.startsWith('<?') ? '?>' : null
    if (end === null) return rest
    const at = rest.indexOf(end)
    if (at === -1) return ''
    rest = rest.slice(at + end.length).trimStart()
  }
}

/**
 * Finds the reports of a step: files below `folder` that match one of the patterns and were written
 * after `since` (milliseconds since the epoch), so that reports of an earlier attempt do not count.
 * Every file must be inside `workspace` after links are resolved. Sorted by name. `unmatched` are
 * the patterns without such a file. Throws a ReportProblem.
 */
export async function findReports(
  folder: string,
  patterns: string[],
  { workspace, since }: { workspace: string; since: number },
): Promise<{ files: string[]; unmatched: string[] }> {
  refusePatterns(patterns)
  const within = `${await realpath(workspace)}${sep}`
  const files = new Set<string>()
  const fresh: string[] = []
  for (const path of await listCandidates(folder, patterns)) {
    const file = await realpath(join(folder, path)).catch(() => {
      throw new ReportProblem(`is a broken link: ${path}`)
    })
    if (!file.startsWith(within)) throw new ReportProblem(`is outside the workspace: ${path}`)
    const stats = await stat(file)
    if (!stats.isFile() || stats.mtimeMs < since) continue
    fresh.push(path)
    files.add(file)
    if (files.size > maxFiles)
      throw new ReportProblem(`is one of more than ${maxFiles} that match ${patterns.join(', ')}`)
  }
  return { files: [...files].sort(), unmatched: unmatched(compilePatterns(patterns), fresh) }
}

/** Only a pattern that names `node_modules` finds files in such a folder. */
async function listCandidates(folder: string, patterns: string[]): Promise<string[]> {
  const isInPackages = (pattern: string): boolean => pattern.includes('node_modules')
  const inPackages = compilePatterns(patterns.filter(isInPackages))
  const others = compilePatterns(patterns.filter((pattern) => !isInPackages(pattern)))
  const found = [
    ...(inPackages.length > 0 ? await listMatching(folder, inPackages, ['.git']) : []),
    ...(others.length > 0 ? await listMatching(folder, others, ['.git', 'node_modules']) : []),
  ]
  return [...new Set(found)]
}

const names = formats.map(({ name }) => name).join(', ')
const unknownFormat = `has none of the supported formats: ${names}`

/** The limits of patterns in docs/patterns.md. */
function refusePatterns(patterns: string[]): void {
  try {
    compilePatterns(patterns)
  } catch (error) {
    if (!(error instanceof PatternProblem)) throw error
    throw new ReportProblem(`cannot be found: ${error.message}`)
  }
}

/**
 * Reads a report of any format in chunks, so that its size does not matter, and returns its format.
 * Throws a ReportProblem.
 */
export async function readReport(file: string, sink: Sink): Promise<ReportFormat> {
  let decoder: TextDecoder | null = null
  const reader = createReader(sink)
  const fd = openReport(file)
  for await (const bytes of createReadStream('', { fd }) as AsyncIterable<Buffer>) {
    decoder ??= decoderOf(bytes)
    reader.write(decode(decoder, bytes))
  }
  if (decoder) reader.write(decode(decoder))
  return reader.end()
}

/**
 * Collects the first characters, detects the format, and passes the text on to its parser. When no
 * format matches, more characters may tell.
 */
function createReader(sink: Sink): { write(text: string): void; end(): ReportFormat } {
  let head = ''
  let detected: { format: ReportFormat; parser: ReportParser } | null = null
  const lengths = [...headLengths]
  const detect = (isLast: boolean): typeof detected => {
    const format = detectFormat(head)
    if (!format && !isLast) return null
    if (!format) throw new ReportProblem(head.trim() === '' ? 'is empty' : unknownFormat)
    const parser = format.parser(plausible(sink))
    parser.write(head)
    return { format, parser }
  }
  return {
    write: (text) => {
      if (detected) return detected.parser.write(text)
      head += text
      if (head.length < (lengths[0] ?? 0)) return
      while (head.length >= (lengths[0] ?? Infinity)) lengths.shift()
      detected = detect(lengths.length === 0)
    },
    end: () => {
      detected ??= detect(true)
      if (!detected) throw new ReportProblem(unknownFormat)
      detected.parser.end()
      return detected.format
    },
  }
}

/** A step may have replaced the file with a link or a pipe since it was found. */
function openReport(file: string): number {
  try {
    return openReal(file)
  } catch (error) {
    if (error instanceof LeadsOut) throw new ReportProblem('was replaced while it was read')
    throw error
  }
}

function decode(decoder: TextDecoder, bytes?: Buffer): string {
  try {
    return bytes ? decoder.decode(bytes, { stream: true }) : decoder.decode()
  } catch {
    throw new ReportProblem(`is not valid ${decoder.encoding}`)
  }
}

/** Uses the byte order mark, then the XML declaration, then UTF-8. */
function decoderOf(bytes: Buffer): TextDecoder {
  const isWide =
    (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)
  const declared = /^<\?xml[^>]*encoding=["']([\w.:-]+)["']/.exec(
    bytes.toString('latin1', 0, 200),
  )?.[1]
  const encoding = isWide ? (bytes[0] === 0xff ? 'utf-16le' : 'utf-16be') : (declared ?? 'utf-8')
  try {
    return new TextDecoder(encoding, { fatal: true })
  } catch {
    throw new ReportProblem(`has an unknown encoding: ${encoding}`)
  }
}

/** The path of a report relative to the workspace, as users write it. */
export const reportName = (workspace: string, file: string): string => relative(workspace, file)
