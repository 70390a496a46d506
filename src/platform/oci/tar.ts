import { withoutEnd } from '#contract/text.ts'
/**
 * The tar format as far as layers need it: files, folders and symbolic links. Paths are byte
 * strings (latin1), because Linux file names are bytes and may not be UTF-8; libraries do not
 * support that.
 */
export interface TarEntry {
  /** Relative, without a trailing slash; one character per byte. */
  path: string
  type: 'file' | 'directory' | 'symlink'
  size: number
  executable: boolean
  /** Target of a symbolic link as bytes, otherwise empty. */
  target: string
}

class TarError extends Error {
  override name = 'TarError'
}

const block = 512
const largestOctal = 0o77777777777
const typeflags = { file: '0', symlink: '2', directory: '5' } as const

/** Two zero blocks mark the end of an archive. */
export const tarEnd: Buffer = Buffer.alloc(2 * block)

/** Padding after the last block of a file. */
export const tarPadding = (size: number): Buffer => Buffer.alloc((block - (size % block)) % block)

/**
 * Encodes the header of an entry with owner 0 and time 0, so that equal content gives equal bytes.
 * Long values go to a preceding pax header.
 */
export function encodeTarHeader(entry: TarEntry): Buffer {
  const name = entry.type === 'directory' ? `${entry.path}/` : entry.path
  const pax = [
    ...(name.length > 100 ? [paxRecord('path', name)] : []),
    ...(entry.target.length > 100 ? [paxRecord('linkpath', entry.target)] : []),
    ...(entry.size > largestOctal ? [paxRecord('size', String(entry.size))] : []),
  ].join('')
  const mode =
    entry.type === 'directory' || entry.executable
      ? 0o755
      : entry.type === 'symlink'
        ? 0o777
        : 0o644
  const size = entry.type === 'file' && entry.size <= largestOctal ? entry.size : 0
  const header = ustar(name, typeflags[entry.type], mode, size, entry.target)
  if (pax === '') return header
  const body = Buffer.from(pax, 'latin1')
  return Buffer.concat([
    ustar('pax', 'x', 0o644, body.length, ''),
    body,
    tarPadding(body.length),
    header,
  ])
}

/** A record `<length> key=value\n`; the length includes itself. */
function paxRecord(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`
  let length = rest.length + 1
  while (String(length).length + rest.length !== length)
    length = String(length).length + rest.length
  return `${length}${rest}`
}

function ustar(name: string, typeflag: string, mode: number, size: number, target: string): Buffer {
  const header = Buffer.alloc(block)
  const octal = (value: number, digits: number): string => value.toString(8).padStart(digits, '0')
  header.write(name.slice(0, 100), 0, 'latin1')
  header.write(
    `${octal(mode, 7)}\0${octal(0, 7)}\0${octal(0, 7)}\0${octal(size, 11)}\0${octal(0, 11)}\0`,
    100,
    'latin1',
  )
  header.write(`        ${typeflag}`, 148, 'latin1')
  header.write(target.slice(0, 100), 157, 'latin1')
  header.write('ustar\x0000', 257, 'latin1')
  header.write(`${octal(checksum(header), 6)}\0 `, 148, 'latin1')
  return header
}

function checksum(header: Buffer): number {
  let sum = 8 * 32
  for (let i = 0; i < block; i += 1) if (i < 148 || i >= 156) sum += header[i] ?? 0
  return sum
}

/** Callbacks of the reader. `data` occurs only between an entry of type file and its `end`. */
export interface TarHandler {
  entry(entry: TarEntry): void
  data(chunk: Buffer): void
  end(): void
}

export interface TarReader {
  push(chunk: Buffer): void
  /** Throws a TarError when the archive is truncated. */
  finish(): void
}

/** Reads an archive in chunks of any size. Throws a TarError for unsupported or invalid content. */
export function readTar(handler: TarHandler): TarReader {
  let rest: Buffer = Buffer.alloc(0)
  let missing = 0 // bytes left in the current body
  let padding = 0
  let meta: { typeflag: string; parts: Buffer[] } | null = null
  let long: { path?: string; linkpath?: string; size?: number } = {}
  const state = { ended: false }

  const header = (bytes: Buffer): void => {
    if (bytes.every((byte) => byte === 0)) {
      state.ended = true
      return
    }
    if (checksum(bytes) !== number(bytes, 148, 8))
      throw new TarError('the checksum of a header is wrong')
    const typeflag = String.fromCharCode(bytes[156] || 48)
    const size = long.size ?? number(bytes, 124, 12)
    missing = size
    padding = (block - (size % block)) % block
    if ('xgLK'.includes(typeflag)) {
      if (size > 1024 * 1024) throw new TarError('an extended header is larger than 1 MB')
      meta = { typeflag, parts: [] }
      return
    }
    const type = Object.entries(typeflags).find(([, flag]) => flag === typeflag)?.[0] as
      | TarEntry['type']
      | undefined
    if (!type)
      throw new TarError(
        `there is an entry of type "${typeflag}", but only files, folders and symbolic links may be`,
      )
    if (type !== 'file') missing = padding = 0
    const prefix = text(bytes, 345, 155)
    const short = text(bytes, 0, 100)
    const path = long.path ?? (prefix === '' ? short : `${prefix}/${short}`)
    const target = type === 'symlink' ? (long.linkpath ?? text(bytes, 157, 100)) : ''
    long = {}
    handler.entry({
      path: withoutEnd(path, '/'),
      type,
      size: missing,
      executable: (number(bytes, 100, 8) & 0o100) !== 0,
      target,
    })
    if (missing === 0) handler.end()
  }

  const body = (bytes: Buffer): void => {
    missing -= bytes.length
    if (meta === null) {
      handler.data(bytes)
      if (missing === 0) handler.end()
      return
    }
    meta.parts.push(bytes)
    if (missing > 0) return
    long = { ...long, ...readMeta(meta.typeflag, Buffer.concat(meta.parts)) }
    meta = null
  }

  return {
    push: (chunk) => {
      let input = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
      const take = (length: number): Buffer => {
        const taken = input.subarray(0, length)
        input = input.subarray(length)
        return taken
      }
      while (input.length > 0 && !state.ended) {
        if (missing > 0) body(take(Math.min(missing, input.length)))
        else if (padding > 0) padding -= take(Math.min(padding, input.length)).length
        else if (input.length >= block) header(take(block))
        else break
      }
      rest = state.ended ? Buffer.alloc(0) : input
    },
    finish: () => {
      if (!state.ended) throw new TarError('it is truncated')
    },
  }
}

function readMeta(
  typeflag: string,
  bytes: Buffer,
): { path?: string; linkpath?: string; size?: number } {
  if (typeflag === 'g') return {}
  if (typeflag === 'L') return { path: text(bytes, 0, bytes.length) }
  if (typeflag === 'K') return { linkpath: text(bytes, 0, bytes.length) }
  const found: { path?: string; linkpath?: string; size?: number } = {}
  let all = bytes.toString('latin1')
  while (all !== '') {
    const match = /^(\d+) ([^=]+)=/.exec(all)
    const length = Number(match?.[1])
    if (!match || length > all.length || length <= match[0].length)
      throw new TarError('an extended header is malformed')
    const value = all.slice(match[0].length, length - 1)
    if (match[2] === 'path' || match[2] === 'linkpath') found[match[2]] = value
    if (match[2] === 'size') found.size = Number(value)
    all = all.slice(length)
  }
  return found
}

function text(bytes: Buffer, start: number, length: number): string {
  const end = bytes.indexOf(0, start)
  return bytes.toString('latin1', start, end === -1 || end > start + length ? start + length : end)
}

function number(bytes: Buffer, start: number, length: number): number {
  const value = Number.parseInt(text(bytes, start, length).trim() || '0', 8)
  if (!Number.isSafeInteger(value)) throw new TarError('a number in a header is malformed')
  return value
}
