import { createReadStream } from 'node:fs'
import { LeadsOut, openReal } from '#platform/file/inside.ts'
import { glob, realpath, stat } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { formats } from './formats/all.ts'
import { plausible } from './plausible.ts'
import { type Format, type ReportParser, ReportProblem, type Sink } from './report.ts'

/** So many files may be reports of one step. */
const filesAtMost = 20_000
const headLength = 4096

/**
 * The files below a folder that match any of the patterns, were written since a moment
 * (milliseconds since the epoch), and lie within `workspace`, links followed; by name. A report
 * that an earlier attempt left behind is not one of this one's.
 */
export async function findReports(
  folder: string,
  patterns: string[],
  { workspace, since }: { workspace: string; since: number },
): Promise<string[]> {
  const within = `${await realpath(workspace)}${sep}`
  const found = new Set<string>()
  for (const pattern of patterns) {
    const isHidden = (name: string): boolean =>
      name === '.git' || (name === 'node_modules' && !pattern.includes(name))
    for await (const path of glob(pattern, { cwd: folder, exclude: isHidden })) {
      const file = await realpath(join(folder, path)).catch(() => {
        throw new ReportProblem(`leads nowhere: ${path}`)
      })
      if (!file.startsWith(within)) throw new ReportProblem(`leads out of the workspace: ${path}`)
      const facts = await stat(file)
      if (facts.isFile() && facts.mtimeMs >= since) found.add(file)
      if (found.size > filesAtMost)
        throw new ReportProblem(`is one of more than ${filesAtMost} that match ${pattern}`)
    }
  }
  return [...found].sort()
}

/**
 * Reads a report of whichever kind, piece by piece, so that its size does not matter; `rest` is
 * awaited between pieces. Answers its kind. Throws a ReportProblem.
 */
export async function readReport(
  file: string,
  sink: Sink,
  rest: () => Promise<void>,
): Promise<Format> {
  let text: TextDecoder | null = null
  let head: string | null = ''
  let format: Format | null = null
  let parser: ReportParser | null = null
  const take = (piece: string): void => {
    if (parser) return parser.write(piece)
    head = (head ?? '') + piece
    if (head.length >= headLength) begin()
  }
  const begin = (): void => {
    const start = head ?? ''
    if (start.trim() === '') throw new ReportProblem('is empty')
    format = formats.find((one) => one.recognises(start.slice(0, headLength))) ?? null
    if (!format) throw new ReportProblem(`is none of ${formats.map(({ name }) => name).join(', ')}`)
    parser = format.parser(plausible(sink))
    parser.write(start)
    head = null
  }
  const fd = openReport(file)
  for await (const bytes of createReadStream('', { fd }) as AsyncIterable<Buffer>) {
    text ??= decoderOf(bytes)
    take(decode(text, bytes))
    await rest()
  }
  if (text) take(decode(text))
  if (!parser) begin()
  ;(parser as unknown as ReportParser).end()
  await rest()
  return format as unknown as Format
}

/** What was a report when it was found may have become a link or a pipe since. */
function openReport(file: string): number {
  try {
    return openReal(file)
  } catch (error) {
    if (error instanceof LeadsOut) throw new ReportProblem('is not the file that was found')
    throw error
  }
}

function decode(decoder: TextDecoder, bytes?: Buffer): string {
  try {
    return bytes ? decoder.decode(bytes, { stream: true }) : decoder.decode()
  } catch {
    throw new ReportProblem(`is not in ${decoder.encoding}, as it says or as is usual`)
  }
}

/** By the byte order mark, else by the XML declaration, else UTF-8. */
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
    throw new ReportProblem(`is in an encoding that is not known: ${encoding}`)
  }
}

/** The path of a report as people write it. */
export const reportName = (workspace: string, file: string): string => relative(workspace, file)
