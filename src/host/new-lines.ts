import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { maskOf } from './log-file.ts'
import type { ReleasePlace } from './release-command.ts'

/** How far the logs of a service were read. */
export interface Cursors {
  isFirst: boolean
  files: Map<string, { inode: number; at: number }>
}

const maxBytes = 1024 * 1024

/** The complete lines that the instances have written since the last call, without secrets. */
export function newLines({ logFiles, service }: ReleasePlace, cursors: Cursors): string[] {
  const lines = logFiles.flatMap((file) => linesOf(file, cursors))
  cursors.isFirst = false
  for (const file of cursors.files.keys()) if (!logFiles.includes(file)) cursors.files.delete(file)
  return lines.length === 0 ? [] : maskOf(service).apply(lines.join('\n')).split('\n')
}

function linesOf(file: string, { isFirst, files }: Cursors): string[] {
  let fd: number
  try {
    fd = openSync(file, 'r')
  } catch {
    return []
  }
  try {
    const { size, ino } = fstatSync(fd)
    const known = files.get(file)
    // What was written before the monitor began is not news.
    const begin = known === undefined ? (isFirst ? size : 0) : known.inode === ino ? known.at : 0
    const from = Math.max(begin > size ? 0 : begin, size - maxBytes)
    const buffer = Buffer.alloc(size - from)
    readSync(fd, buffer, 0, buffer.length, from)
    const end = buffer.lastIndexOf(10) + 1
    files.set(file, { inode: ino, at: from + end })
    return end === 0 ? [] : buffer.toString('utf8', 0, end - 1).split('\n')
  } finally {
    closeSync(fd)
  }
}
