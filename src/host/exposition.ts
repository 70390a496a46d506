import { closeSync, fstatSync, readFileSync } from 'node:fs'
import { get } from 'node:http'
import { openInside } from '#platform/file/inside.ts'

/** Limits for reading the metrics of an instance: milliseconds and bytes. */
const patienceMs = 2000
const atMost = 8 * 1024 * 1024

/** Requests the metrics of an instance; null when it does not answer with 200. */
export function askExposition(port: number, path: string): Promise<string | null> {
  return new Promise((resolve) => {
    const asked = get(
      {
        host: '127.0.0.1',
        port,
        path,
        agent: false,
        headers: { accept: 'text/plain;version=0.0.4' },
      },
      (response) => {
        const chunks: Buffer[] = []
        let size = 0
        response.on('data', (chunk: Buffer) => {
          size += chunk.length
          if (size > atMost) asked.destroy()
          else chunks.push(chunk)
        })
        response.once('end', () =>
          resolve(response.statusCode === 200 ? Buffer.concat(chunks).toString('utf8') : null),
        )
      },
    )
    const timer = setTimeout(() => asked.destroy(), patienceMs)
    asked.once('close', () => {
      clearTimeout(timer)
      resolve(null)
    })
    asked.once('error', () => resolve(null))
  })
}

/** Reads the metrics file of an instance without a port; null when there is none. */
export async function readExposition(folder: string, name: string): Promise<string | null> {
  try {
    const fd = openInside(folder, name)
    try {
      return fstatSync(fd).size > atMost ? null : readFileSync(fd, 'utf8')
    } finally {
      closeSync(fd)
    }
  } catch {
    return null
  }
}

/** Keeps the samples of metrics with those names, including the buckets of histograms. */
export function onlyNamed(text: string, names: Set<string>): string {
  const isNamed = (line: string): boolean => {
    const [name = ''] = /^[a-zA-Z_:][\w:]*/.exec(line) ?? []
    return names.has(name) || names.has(name.replace(/_bucket$/, ''))
  }
  return text.split('\n').filter(isNamed).join('\n')
}
